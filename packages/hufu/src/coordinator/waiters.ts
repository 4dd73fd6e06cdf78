import type { Clock } from '@hufu/os'

/** Who waits for a transaction to end. */
export class Waiters {
  readonly #byId = new Map<string, Set<(ended: boolean) => void>>()

  /** Resolves when `tell` is called for the id, with what it says, or after `ms`: false. */
  wait(id: string, ms: number, clock: Clock): Promise<boolean> {
    if (ms <= 0) return Promise.resolve(false)
    return new Promise((resolve) => {
      const waiting = this.#byId.get(id) ?? new Set()
      this.#byId.set(id, waiting)
      const over = (ended: boolean) => {
        timer.cancel()
        waiting.delete(over)
        if (waiting.size === 0 && this.#byId.get(id) === waiting) this.#byId.delete(id)
        resolve(ended)
      }
      const timer = clock.timer(ms, () => over(false))
      waiting.add(over)
    })
  }

  /** `ended`: it is settled; else only: look again. */
  tell(id: string, ended: boolean): void {
    for (const over of [...(this.#byId.get(id) ?? [])]) over(ended)
  }
}
