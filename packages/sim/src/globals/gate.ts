import { sleep } from '@hufu/os'
import { HufuError } from 'hufu'
import type { Dice } from '../plan/dice.ts'
import type { Host } from './host.ts'
import { never } from './host.ts'
import type { GlobalMark } from './marks.ts'
import type { GlobalSetting, Place } from './step.ts'

type When = 'before' | 'after'

/** What is the same for all of a world. */
export interface Surroundings {
  readonly setting: GlobalSetting
  readonly dice: Dice
  /** No more faults. */
  readonly healed: () => boolean
  readonly mark: (mark: GlobalMark) => void
  readonly trace: (line: string) => void
}

/** Longest time of a slow call of the store, ms. */
const STORE_SLOW_MS = 600

/** What the calls of one process go through: planned deaths, and the store's faults. */
export class Gate {
  readonly host: Host
  readonly #around: Surroundings
  readonly #deaths: { at: Place; left: number; when: When }[] = []
  #calls = 0

  constructor(host: Host, around: Surroundings) {
    this.host = host
    this.#around = around
  }

  planDeath(at: Place, nth: number, when: When): void {
    this.#deaths.push({ at, left: nth, when })
  }

  /** Whether the process dies before or after this call. */
  dies(at: Place): When | undefined {
    for (const death of this.#deaths) {
      if (death.at === at && --death.left === 0 && !this.#around.healed()) return death.when
    }
    return undefined
  }

  die(at: Place): void {
    if (!this.host.alive) return
    this.#around.mark(at === 'store' ? 'diedAtStore' : 'diedAtCall')
    this.#around.trace(`${this.host.name} dies at a call of ${at}`)
    this.host.die()
  }

  /** True in that share of the calls. */
  rolls(what: string, chance: number): boolean {
    const { dice, healed } = this.#around
    return !healed() && dice.of(what, this.host.name, this.#calls) < chance
  }

  /** Of the store, or inside a transaction of that statement alone. */
  #failure(name: string, inside: boolean): Error {
    const text = `By chance: no ${name}`
    if (!inside) return new HufuError('STORE_UNUSABLE', text)
    const whole = this.roll('whole') < 0.5
    return whole ? new HufuError('TRANSACTION_LOST', text) : new Error(text)
  }

  /** In [0, 1). */
  roll(what: string): number {
    return this.#around.dice.of(what, this.host.name, this.#calls)
  }

  /**
   * A call of the store: it may fail, be slow, or be done and not heard of. `inside` a transaction
   * that means that nothing of it is stored.
   */
  async store<T>(name: string, work: () => Promise<T>, inside = false): Promise<T> {
    const { host } = this
    const { setting, dice } = this.#around
    if (!host.alive) return never()
    const call = ++this.#calls
    const death = this.dies('store')
    if (death === 'before') {
      this.die('store')
      return never()
    }
    if (this.rolls('fails', setting.storeFails)) throw this.#failure(name, inside)
    const lost = this.rolls('lost', setting.storeLost)
    if (this.rolls('slow', setting.storeSlow)) {
      await sleep(host.os.clock, dice.of('ms', host.name, call) * STORE_SLOW_MS)
    }
    const done = work()
    if (death === 'after') {
      const die = () => this.die('store')
      done.then(die, die)
      return never()
    }
    const answer = await host.heard(done)
    if (!lost) return answer
    if (name === 'transaction') this.#around.mark('lostCommit')
    const code = inside ? 'TRANSACTION_LOST' : 'COMMIT_UNKNOWN'
    throw new HufuError(code, `By chance: no answer to ${name}`)
  }
}
