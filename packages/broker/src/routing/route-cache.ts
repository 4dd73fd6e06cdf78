/** Where the messages of an exchange and a routing key went. Full, it starts again. */
export class RouteCache {
  readonly #queuesMax: number
  readonly #routes = new Map<string, Map<string, readonly string[]>>()
  #weight = 0

  /** `queuesMax`: keys and names of queues in it, together. */
  constructor(queuesMax: number) {
    this.#queuesMax = queuesMax
  }

  get(exchange: string, key: string): readonly string[] | undefined {
    return this.#routes.get(exchange)?.get(key)
  }

  put(exchange: string, key: string, queues: readonly string[]): void {
    this.#weight += 1 + queues.length
    if (this.#weight > this.#queuesMax) {
      this.clear()
      this.#weight = 1 + queues.length
    }
    const known = this.#routes.get(exchange)
    if (known === undefined) this.#routes.set(exchange, new Map([[key, queues]]))
    else known.set(key, queues)
  }

  clear(): void {
    this.#routes.clear()
    this.#weight = 0
  }
}
