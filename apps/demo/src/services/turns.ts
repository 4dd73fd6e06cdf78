/** Work that shares a key is done one after another, in the order of the calls. */
export class Turns {
  readonly #last = new Map<string, Promise<void>>()

  /** Runs `work` when all earlier work under any of the keys has ended, however. */
  async take<T>(keys: readonly string[], work: () => Promise<T>): Promise<T> {
    const earlier = keys.map((key) => this.#last.get(key))
    const over = Promise.withResolvers<void>()
    for (const key of keys) this.#last.set(key, over.promise)
    await Promise.all(earlier)
    try {
      return await work()
    } finally {
      for (const key of keys) {
        if (this.#last.get(key) === over.promise) this.#last.delete(key)
      }
      over.resolve()
    }
  }
}
