import type { Clock } from '@hufu/os'

/**
 * Pauses that end early when there is work; a wake-up during the work counts for the next pause.
 */
export class Waker {
  readonly #clock: Clock
  #woken = false
  #end: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  wake(): void {
    this.#woken = true
    this.#end?.()
  }

  /** What woke until now is about to be looked at. */
  clear(): void {
    this.#woken = false
  }

  /** Resolves after `ms`, at the next `wake`, or at once when that has come since `clear`. */
  pause(ms: number): Promise<void> {
    if (this.#woken) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = this.#clock.timer(ms, () => this.#end?.())
      this.#end = () => {
        this.#end = undefined
        timer.cancel()
        resolve()
      }
    })
  }
}
