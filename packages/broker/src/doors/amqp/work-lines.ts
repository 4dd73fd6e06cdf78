/** Work about one thing is done one after the other; work about another thing does not wait. */
export class WorkLines {
  readonly #lines = new Map<string, Promise<unknown>>()

  /** Begins at once where nothing about `key` is under way. */
  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#lines.get(key)
    const result = before === undefined ? work() : before.then(work)
    const over = result
      .catch(() => undefined)
      .then(() => {
        if (this.#lines.get(key) === over) this.#lines.delete(key)
      })
    this.#lines.set(key, over)
    return result
  }
}
