import type { Clock, Os, Timer } from '@hufu/os'

/**
 * One process of several on a simulated machine: it may die, and it may be stopped for a while, as
 * by a debugger or a machine that is moved. What it waits for then comes when it wakes up.
 */
export class Host {
  readonly name: string
  readonly os: Os
  alive = true
  asleep = false
  readonly #mourners: (() => void)[] = []
  #held: (() => void)[] = []

  constructor(name: string, machine: Os, random: Os['random']) {
    this.name = name
    this.os = { ...machine, random, clock: this.#clock(machine.clock) }
  }

  /** Runs it in this process: now, when it wakes up, or never. */
  hear(fn: () => void): void {
    if (!this.alive) return
    if (this.asleep) this.#held.push(fn)
    else fn()
  }

  /** What the promise settles with, as this process hears it. */
  heard<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      promise.then(
        (value) => this.hear(() => resolve(value)),
        (error) => this.hear(() => reject(error)),
      )
    })
  }

  onDeath(listener: () => void): void {
    this.#mourners.push(listener)
  }

  die(): void {
    if (!this.alive) return
    this.alive = false
    this.#held = []
    for (const listener of this.#mourners) listener()
  }

  sleep(): void {
    this.asleep = true
  }

  wake(): void {
    this.asleep = false
    const held = this.#held
    this.#held = []
    for (const fn of held) this.os.clock.turn(fn)
  }

  #clock(clock: Clock): Clock {
    const timer: Clock['timer'] = (ms, fn, options): Timer => {
      let over = false
      const run = () => {
        if (!over) fn()
      }
      const inner = clock.timer(ms, () => this.hear(run), options)
      return {
        cancel: () => {
          over = true
          inner.cancel()
        },
      }
    }
    return {
      now: () => clock.now(),
      mono: () => clock.mono(),
      timer,
      turn: (fn) => clock.turn(() => this.hear(fn)),
    }
  }
}

/** Never settles: whoever waits for it is dead. */
export function never<T>(): Promise<T> {
  return new Promise(() => undefined)
}
