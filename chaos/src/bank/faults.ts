import { setTimeout as sleep } from 'node:timers/promises'
import { SeededRandom } from '@hufu/os/simulated'
import type { Crew } from './crew.ts'
import type { Member } from './member.ts'
import type { BankOptions } from './options.ts'
import type { Placing } from './placing.ts'

/** From the moment that a share of the transfers may be begun until the kill, ms. */
const WORK_MS = 900
/** Longest wait until the share before is accepted, ms. */
const WORK_MS_MAX = 15_000
/** Longest time until a killed process is started again, ms. */
const DOWN_MS = 1_500
/** A paused one sleeps longer than its lease by so much, and at most by this and more, ms. */
const PAUSE_MS = 2_000
const PAUSE_MORE_MS = 3_000
const KILLS_PER_PAUSE = 10

/** Kills and pauses while the transfers are placed, share by share. */
export class Faults {
  kills = 0
  pauses = 0
  /** Of the last kill or the end of the last pause; where there is none, of the last placing. */
  lastAt = performance.now()
  readonly #options: BankOptions
  readonly #crew: Crew
  readonly #random: SeededRandom
  readonly #others: Promise<void>[] = []

  constructor(options: BankOptions, crew: Crew) {
    this.#options = options
    this.#crew = crew
    this.#random = new SeededRandom(options.seed).fork('faults')
  }

  /** Resolves when the last fault is over, and what was killed is there again. */
  async run(placing: Placing): Promise<void> {
    const { kills, transactions } = this.#options
    const shares = Math.max(1, kills)
    const pauses = this.#pausesOf(kills)
    for (let share = 0; share < shares; share++) {
      placing.allow(Math.ceil((transactions * (share + 1)) / shares))
      if (pauses.has(share)) this.#others.push(this.#pause())
      if (kills === 0) break
      await placing.reaches(Math.floor((transactions * share) / shares), WORK_MS_MAX)
      await sleep(this.#random.below(WORK_MS))
      await this.#kill()
    }
    await Promise.all(this.#others)
  }

  /** Before which kills one is paused: as soon as there are others who take over. */
  #pausesOf(kills: number): ReadonlySet<number> {
    if (this.#options.coordinators === 1) return new Set()
    const count = Math.ceil(kills / KILLS_PER_PAUSE)
    return new Set(Array.from({ length: count }, (_, n) => n * KILLS_PER_PAUSE))
  }

  async #kill(): Promise<void> {
    const { banks, coordinators } = this.#crew
    const wanted = this.#random.chance(0.5) ? banks : coordinators
    const ready = (of: readonly Member[]) => of.filter(({ port, paused }) => port && !paused)
    const from = ready(wanted).length > 0 ? ready(wanted) : ready([...banks, ...coordinators])
    const victim = from[this.#random.below(from.length)]
    const downMs = this.#random.below(DOWN_MS)
    if (victim === undefined) {
      await sleep(DOWN_MS)
      return this.#kill()
    }
    await victim.kill()
    this.kills++
    this.lastAt = performance.now()
    this.#others.push(sleep(downMs).then(() => this.#crew.again(victim)))
  }

  async #pause(): Promise<void> {
    const ready = this.#crew.coordinators.filter(({ port, paused }) => port && !paused)
    const victim = ready[this.#random.below(ready.length)]
    if (victim === undefined) return
    await victim.pause(this.#options.leaseMs + PAUSE_MS + this.#random.below(PAUSE_MORE_MS))
    this.pauses++
    this.lastAt = performance.now()
  }
}
