import { setTimeout as sleep } from 'node:timers/promises'

/** Orders come in waves, as in life; so that a kill finds many of them under way. ms. */
const WAVE_MS = 400

/** Lets so many through per second, in waves; what was not used is not saved up. */
export class Pace {
  rate: number
  #left = 0
  #waveAt = 0

  constructor(rate: number) {
    this.rate = rate
  }

  /** Resolves when the next one may go. */
  async next(): Promise<void> {
    while (this.#left < 1) {
      const now = performance.now()
      if (now < this.#waveAt) await sleep(this.#waveAt - now)
      this.#waveAt = Math.max(now, this.#waveAt) + WAVE_MS
      // What is left of the wave before is less than one.
      this.#left += (this.rate * WAVE_MS) / 1_000
    }
    this.#left--
  }
}
