import { type Clock, nodeOs, type Os, type Timer } from '@hufu/os'
import type { Participant } from '../ports/participant.ts'
import type { Store } from '../ports/store.ts'
import type { Transport } from '../ports/transport.ts'
import { type Death, type Mortal, never } from './crash-kit-death.ts'
import { MortalStore } from './crash-kit-store.ts'

/**
 * One life of the process under test. What is made through it dies with it: nothing of it is heard
 * any more, and nothing that it still does has an effect.
 */
export class Life implements Mortal {
  /** Folder of this try. It outlives the crash. */
  readonly dir: string
  /** The second life is the one after the crash. */
  readonly number: 1 | 2
  /** Must be given to `createHufu`, best by `...life.options`. */
  readonly os: Os
  readonly #death: Death | undefined
  readonly #timers = new Set<Timer>()
  readonly #ends: (() => Promise<void>)[] = []
  readonly #died = Promise.withResolvers<void>()
  readonly #effects: string[] = []
  #alive = true
  #ended = false

  constructor(dir: string, number: 1 | 2, death: Death | undefined) {
    this.dir = dir
    this.number = number
    this.os = { ...nodeOs, clock: this.#clock(nodeOs.clock) }
    this.#death = death
  }

  /**
   * For `createHufu`: the clock that dies, a transport for services without messages, quick polls,
   * and no words about failures, which are wanted here.
   */
  get options() {
    const quiet = () => undefined
    const coordinator = { poll: 20 } as const
    return { os: this.os, transport: NO_MESSAGES, coordinator, onAlert: quiet, onWarning: quiet }
  }

  /** A store as this process reaches it. The store itself must be made anew in each life. */
  store<Tx, Foreign>(store: Store<Tx, Foreign>): Store<Tx, Foreign> {
    const mortal = new MortalStore(this, store)
    this.#ends.push(() => mortal.end())
    return mortal
  }

  /** A participant outside of this process: before and after each call it may die. */
  participant<P extends Participant>(participant: P): P {
    const call: Participant['call'] = (request) => {
      const { id, branch, op } = request
      return this.effect(`call of ${branch}/${op} of ${id}`, () => participant.call(request))
    }
    return { ...participant, kind: participant.kind, call }
  }

  /** Anything else that is seen outside, such as a mail that a step sends. */
  async effect<T>(name: string, work: () => Promise<T> | T): Promise<T> {
    if (!this.#alive) return never()
    const dies = this.begins(name)
    if (dies === 'before') {
      this.die()
      return never()
    }
    const result = Promise.resolve().then(work)
    if (dies === 'after') {
      await result.catch(() => undefined)
      this.die()
    }
    return this.heard(result)
  }

  /** Counts an effect; says whether the process dies of it. */
  begins(name: string): Death['when'] | undefined {
    if (this.#ended) return undefined
    this.#effects.push(name)
    return this.#effects.length === this.#death?.nth ? this.#death.when : undefined
  }

  /** What comes now belongs to the test, and is no effect any more. */
  ends(): void {
    this.#ended = true
  }

  die(): void {
    this.#alive = false
    for (const timer of this.#timers) timer.cancel()
    this.#timers.clear()
    this.#died.resolve()
  }

  get alive(): boolean {
    return this.#alive
  }

  /** What has taken effect, or was about to, in order. */
  get effects(): readonly string[] {
    return this.#effects
  }

  /** Resolves when the process dies. */
  get death(): Promise<void> {
    return this.#died.promise
  }

  /** What the promise settles with, while this process lives. */
  heard<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      promise.then(
        (value) => this.#alive && resolve(value),
        (error) => this.#alive && reject(error),
      )
    })
  }

  /** Its connections end, and what it had open in its stores. */
  async bury(): Promise<void> {
    this.die()
    for (const end of this.#ends) await end()
  }

  #clock(clock: Clock): Clock {
    const timer: Clock['timer'] = (ms, fn, options) => {
      if (!this.#alive) return { cancel: () => undefined }
      const inner = clock.timer(
        ms,
        () => {
          this.#timers.delete(inner)
          if (this.#alive) fn()
        },
        options,
      )
      this.#timers.add(inner)
      return {
        cancel: () => {
          this.#timers.delete(inner)
          inner.cancel()
        },
      }
    }
    const turn: Clock['turn'] = (fn) => clock.turn(() => this.#alive && fn())
    return { now: () => clock.now(), mono: () => clock.mono(), timer, turn }
  }
}

const NO_MESSAGES: Transport = {
  name: 'no messages',
  flags: { delay: true, keyOrder: true, attempts: true, prepared: false },
  open: async () => undefined,
  declare: async () => undefined,
  publish: async (batch) =>
    batch.map(() => ({ ok: false, code: 'NONE', cause: 'there is no transport', retriable: true })),
  subscribe: async () => ({
    settle: async () => undefined,
    setCredit: () => undefined,
    close: async () => undefined,
  }),
  close: async () => undefined,
}
