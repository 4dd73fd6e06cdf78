/**
 * Hands items over in batches, one batch at a time: what comes while one is under way goes together
 * in the next. So the slower the receiver, the larger the batches.
 */
export class Batcher<T> {
  readonly #flush: (batch: T[]) => Promise<void>
  #items: T[] = []
  #running: Promise<void> | undefined

  /** `flush` must not reject. */
  constructor(flush: (batch: T[]) => Promise<void>) {
    this.#flush = flush
  }

  add(item: T): void {
    this.#items.push(item)
    this.#running ??= this.#run()
  }

  /** Resolves when everything added so far, and meanwhile, has been handed over. */
  async idle(): Promise<void> {
    await this.#running
  }

  async #run(): Promise<void> {
    // Everything added in this turn goes into the first batch.
    await Promise.resolve()
    while (this.#items.length > 0) {
      const batch = this.#items
      this.#items = []
      await this.#flush(batch)
    }
    this.#running = undefined
  }
}
