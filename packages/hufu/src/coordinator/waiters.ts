import type { Clock } from '@hufu/os'

/** Who waits for a transaction to end. */
export class Waiters {
  readonly #byId = new Map<string, Set<() => void>>()

  /** Resolves when `tell` is called for the id, or after `ms`. */
  wait(id: string, ms: number, clock: Clock): Promise<void> {
    if (ms <= 0) return Promise.resolve()
    return new Promise((resolve) => {
      const waiting = this.#byId.get(id) ?? new Set()
      this.#byId.set(id, waiting)
      const over = () => {
        timer.cancel()
        waiting.delete(over)
        if (waiting.size === 0 && this.#byId.get(id) === waiting) this.#byId.delete(id)
        resolve()
      }
      const timer = clock.timer(ms, over)
      waiting.add(over)
    })
  }

  tell(id: string): void {
    for (const over of [...(this.#byId.get(id) ?? [])]) over()
  }
}
