import { complain } from './tally.ts'

const SAY_EVERY_MS = 10_000

/** Says now and then how fast it goes. */
export class Rate {
  readonly #what: string
  readonly #startedAt = performance.now()
  #saidAt = this.#startedAt
  #count = 0

  constructor(what: string) {
    this.#what = what
  }

  count(): void {
    this.#count++
    if (this.#count % 64 !== 0 || performance.now() - this.#saidAt < SAY_EVERY_MS) return
    this.#saidAt = performance.now()
    this.end()
  }

  end(): void {
    const seconds = (performance.now() - this.#startedAt) / 1_000
    complain(`${this.#what}: ${this.#count} starts, ${Math.round(this.#count / seconds)}/s`)
  }
}
