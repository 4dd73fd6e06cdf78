import type { Percentiles } from './load.ts'

const STEPS_PER_MS = 100
const STEPS = 1_000 * STEPS_PER_MS

/** Times up to a second in steps of 10 µs; longer ones count as a second. */
export class Latency {
  readonly #steps = new Uint32Array(STEPS + 1)

  add(ms: number): void {
    this.#steps[Math.min(STEPS, Math.max(0, ms * STEPS_PER_MS) >>> 0)]!++
  }

  reset(): void {
    this.#steps.fill(0)
  }

  /** Undefined where nothing was added. */
  percentiles(): Percentiles | undefined {
    const total = this.#steps.reduce((sum, count) => sum + count, 0)
    return total === 0 ? undefined : { p50: this.#at(total * 0.5), p99: this.#at(total * 0.99) }
  }

  #at(rank: number): number {
    let seen = 0
    const found = this.#steps.findIndex((count) => {
      seen += count
      return seen >= rank
    })
    return (found + 1) / STEPS_PER_MS
  }
}
