/** Thrown into a handler's place when the service cannot wait for it any longer. */
export class Stopped extends Error {}

/** How one handler run is told to end: at its deadline, or when the service stops waiting. */
export class Run {
  readonly #controller = new AbortController()
  readonly #stopped = Promise.withResolvers<never>()

  constructor() {
    this.#stopped.promise.catch(() => {})
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** What `work` gives, unless the service stops before; then it rejects with `Stopped`. */
  async guard<T>(work: () => T | Promise<T>): Promise<T> {
    if (this.signal.aborted) return this.#stopped.promise
    return Promise.race([work(), this.#stopped.promise])
  }

  /** The run failed or is over its time: whatever the handler left running should end. */
  abort(): void {
    this.#controller.abort()
  }

  stop(): void {
    this.#controller.abort()
    this.#stopped.reject(new Stopped('the service stops'))
  }
}
