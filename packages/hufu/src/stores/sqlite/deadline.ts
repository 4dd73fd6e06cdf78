import type { Clock, Timer } from '@hufu/os'

/**
 * Watches over one piece of work after the other. One timer serves all of them: it is set anew only
 * when it goes off, not for each piece.
 */
export class Deadline {
  readonly #clock: Clock
  #timer: Timer | undefined
  #timerAt = 0
  #at = 0
  #onOver: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Calls `onOver` after `ms`, unless `end` or `rest` comes before. Ends an earlier one. */
  begin(ms: number, onOver: () => void): void {
    this.#at = this.#clock.mono() + ms
    this.#onOver = onOver
    if (this.#timer === undefined || this.#at < this.#timerAt) this.#arm(ms)
  }

  end(): void {
    this.#onOver = undefined
  }

  /** Ends, and leaves no timer behind that would keep the process alive. */
  rest(): void {
    this.end()
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #arm(ms: number): void {
    this.#timer?.cancel()
    this.#timerAt = this.#clock.mono() + ms
    this.#timer = this.#clock.timer(ms, () => this.#ring())
  }

  #ring(): void {
    this.#timer = undefined
    if (this.#onOver === undefined) return
    const restMs = this.#at - this.#clock.mono()
    if (restMs > 0) return this.#arm(restMs)
    const onOver = this.#onOver
    this.end()
    onOver()
  }
}
