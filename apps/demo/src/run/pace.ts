import { setTimeout as sleep } from 'node:timers/promises'

/** Shorter pauses are saved up: a timer cannot keep them. */
const PAUSE_MS_MIN = 5

/** Lets so many through per second; what was not used is not saved up. */
export class Pace {
  rate: number
  #nextAt = 0

  constructor(rate: number) {
    this.rate = rate
  }

  /** Resolves when the next one may go. */
  async next(): Promise<void> {
    const now = performance.now()
    this.#nextAt = Math.max(this.#nextAt, now - PAUSE_MS_MIN) + 1_000 / this.rate
    const waitMs = this.#nextAt - now
    if (waitMs >= PAUSE_MS_MIN) await sleep(waitMs)
  }
}
