import type { Clock } from '@hufu/os'
import type { TransactionRow } from '../ports/transactions.ts'

/** What is stored of a transaction: all that its outcome is made of. */
export type Stored = Pick<TransactionRow, 'name' | 'hash' | 'status' | 'state'>

/** Who waits for a transaction to end. */
export class Waiters {
  readonly #byId = new Map<string, Set<(stored?: Stored) => void>>()

  /** Resolves when `tell` is called for the id, with what it says, or after `ms`: undefined. */
  wait(id: string, ms: number, clock: Clock): Promise<Stored | undefined> {
    if (ms <= 0) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      const waiting = this.#byId.get(id) ?? new Set()
      this.#byId.set(id, waiting)
      const over = (stored?: Stored) => {
        timer.cancel()
        waiting.delete(over)
        if (waiting.size === 0 && this.#byId.get(id) === waiting) this.#byId.delete(id)
        resolve(stored)
      }
      const timer = clock.timer(ms, () => over())
      waiting.add(over)
    })
  }

  /** `stored`: it is settled, so; else only: look again. */
  tell(id: string, stored?: Stored): void {
    for (const over of [...(this.#byId.get(id) ?? [])]) over(stored)
  }
}
