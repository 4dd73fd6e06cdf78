import type { Os } from '@hufu/os'

/** So long nothing more is said of the same matter, ms. */
const QUIET_MS = 10_000

/** Warnings of what may happen a thousand times a second: the first at once, then how many. */
export class Notice {
  readonly #os: Os
  readonly #warn: (text: string) => void
  #quietUntil = Number.NEGATIVE_INFINITY
  #unsaid = 0

  constructor({ os, warn }: { os: Os; warn: (text: string) => void }) {
    this.#os = os
    this.#warn = warn
  }

  say(text: string): void {
    const now = this.#os.clock.mono()
    if (now < this.#quietUntil) {
      this.#unsaid++
      return
    }
    this.#quietUntil = now + QUIET_MS
    this.#warn(this.#unsaid === 0 ? text : `${text} (and ${this.#unsaid} like it since the last)`)
    this.#unsaid = 0
  }
}
