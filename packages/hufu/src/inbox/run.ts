/** Thrown into a handler's place when the service cannot wait for it any longer. */
export class Stopped extends Error {}

/** How one handler run is told to end: at its deadline, or when the service stops waiting. */
export class Run {
  /** Made when somebody asks for the signal; most handlers do not. */
  #controller: AbortController | undefined
  #aborted = false
  #stopped: Stopped | undefined
  #reject: ((error: Stopped) => void) | undefined

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#aborted) this.#controller.abort()
    return this.#controller.signal
  }

  /** What `work` gives, unless the service stops before; then it rejects with `Stopped`. */
  guard<T>(work: () => T | Promise<T>): Promise<T> {
    if (this.#stopped) return Promise.reject(this.#stopped)
    return new Promise((resolve, reject) => {
      this.#reject = reject
      Promise.resolve(work()).then(resolve, reject)
    })
  }

  /** The run failed or is over its time: whatever the handler left running should end. */
  abort(): void {
    this.#aborted = true
    this.#controller?.abort()
  }

  stop(): void {
    this.abort()
    this.#stopped = new Stopped('the service stops')
    this.#reject?.(this.#stopped)
  }
}
