/** A pending timer. */
export interface Timer {
  /** The function will not run any more; harmless when it has run. */
  cancel(): void
}

/** Time. All times are milliseconds. */
export interface Clock {
  /** Wall-clock time since 1970-01-01 UTC, whole milliseconds. May jump in both directions. */
  now(): number
  /** Time that never jumps and never goes back; its zero means nothing. */
  mono(): number
  /**
   * Runs `fn` once, not before `ms` of monotonic time have passed; any length is allowed.
   * `background`: the timer alone does not keep the process alive. Default false.
   */
  timer(ms: number, fn: () => void, options?: { background?: boolean }): Timer
  /** Runs `fn` after the input and output events that are waiting now have been handled. */
  turn(fn: () => void): void
}

/** Resolves after `ms` of monotonic time, or at once when `signal` aborts. Never rejects. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const timer = clock.timer(ms, finish)
    function finish() {
      timer.cancel()
      signal?.removeEventListener('abort', finish)
      resolve()
    }
    signal?.addEventListener('abort', finish)
  })
}
