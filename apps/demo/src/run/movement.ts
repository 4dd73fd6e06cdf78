import { setTimeout as sleep } from 'node:timers/promises'
import type { Reading } from '../services/gauge.ts'

/** Tells since when nothing has moved. */
export class Movement {
  #mark = ''
  #movedAt = performance.now()

  see({ taken, effects, open, parked }: Reading): void {
    const mark = `${taken} ${effects} ${open} ${parked}`
    if (mark !== this.#mark) this.moved()
    this.#mark = mark
  }

  moved(): void {
    this.#movedAt = performance.now()
  }

  get stillMs(): number {
    return performance.now() - this.#movedAt
  }
}

/** `promise`, but for at most `ms`; true when it was in time. */
export async function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  return (await Promise.race([promise, sleep(ms, within, { ref: false })])) !== within
}
