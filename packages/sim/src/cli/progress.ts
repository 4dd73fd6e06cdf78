import type { Clock } from '@hufu/os'

const EVERY_MS = 200

/** One line on a terminal that says how far it is; nothing where there is no terminal. */
export class Progress {
  readonly #total: number
  readonly #clock: Clock
  readonly #begin: number
  #shown = 0

  constructor(total: number, clock: Clock) {
    this.#total = total
    this.#clock = clock
    this.#begin = clock.mono()
  }

  show(done: number, violations: number): void {
    const now = this.#clock.mono()
    if (!process.stderr.isTTY || now - this.#shown < EVERY_MS) return
    this.#shown = now
    const perSecond = Math.round((done * 1_000) / Math.max(1, now - this.#begin))
    const text = `${done} of ${this.#total} seeds, ${perSecond}/s, ${violations} violations`
    process.stderr.write(`\r\u001b[K${text}`)
  }

  clear(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
  }
}
