import { complain } from './tally.ts'

const SAY_EVERY_MS = 10_000

/** Says now and then how fast it goes. */
export class Rate {
  readonly #what: string
  readonly #unit: string
  readonly #startedAt = performance.now()
  #saidAt = this.#startedAt
  #count = 0

  /** `unit`: what is counted, in the plural. */
  constructor(what: string, unit: string) {
    this.#what = what
    this.#unit = unit
  }

  count(): void {
    this.#count++
    if (performance.now() - this.#saidAt < SAY_EVERY_MS) return
    this.#saidAt = performance.now()
    this.end()
  }

  end(): void {
    const seconds = (performance.now() - this.#startedAt) / 1_000
    const perSecond = (this.#count / seconds).toPrecision(3)
    complain(`${this.#what}: ${this.#count} ${this.#unit}, ${Number(perSecond)}/s`)
  }
}
