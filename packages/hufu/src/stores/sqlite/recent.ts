import type { OutboxRow } from '../../ports/store.ts'

/** Rows kept, and bytes of their bodies; what comes beyond is read from the file. */
const ROWS_MAX = 10_000
const BYTES_MAX = 4 * 1024 * 1024

/**
 * The last rows that this process committed, so that its relay need not read them back. Numbered
 * without a gap: what others stored in between, and what is dropped here, is read from the file.
 */
export class Recent {
  #rows: OutboxRow[] = []
  #bytes = 0

  /** Rows whose commit is on disk, in the order of their numbers. */
  add(rows: readonly OutboxRow[]): void {
    for (const row of rows) {
      if (this.#rows.length > 0 && this.#rows.at(-1)!.ref !== row.ref - 1) this.#keep([])
      if (this.#rows.length >= ROWS_MAX || this.#bytes + row.body.length > BYTES_MAX) return
      this.#rows.push(row)
      this.#bytes += row.body.length
    }
  }

  /** Those behind the number `cursor`, if the first of them is here; forgets those up to it. */
  behind(cursor: number): readonly OutboxRow[] {
    const [first] = this.#rows
    if (first === undefined || first.ref > cursor + 1) return []
    if (first.ref <= cursor) this.#keep(this.#rows.slice(cursor + 1 - first.ref))
    return this.#rows
  }

  #keep(rows: OutboxRow[]): void {
    this.#rows = rows
    this.#bytes = rows.reduce((sum, { body }) => sum + body.length, 0)
  }
}
