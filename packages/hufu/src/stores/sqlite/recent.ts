import type { DatabaseSync } from 'node:sqlite'
import type { OutboxRow } from '../../ports/store.ts'
import type { Connection } from './connection.ts'
import { lastSeq } from './cursor.ts'

/** Rows kept, and bytes of their bodies; what comes beyond is read from the file. */
const ROWS_MAX = 10_000
const BYTES_MAX = 4 * 1024 * 1024

/** Databases in whose open transaction numbers were given to rows that are not handed over. */
const numberedOthers = new WeakSet<DatabaseSync>()

/** Says so. */
export function noteOther({ db }: Connection): void {
  numberedOthers.add(db)
}

/**
 * To be asked before the commit: whether these are all the rows that were numbered since the first
 * of them. When the user rolled back to a savepoint of his own, rows are gone that were stored:
 * then a number was given twice, or the last one is not the highest.
 */
export function areWhole(rows: readonly OutboxRow[], connection: Connection): boolean {
  const [first] = rows
  if (numberedOthers.delete(connection.db) || first === undefined) return false
  return (
    rows.every(({ ref }, at) => ref === first.ref + at) && lastSeq(connection) === rows.at(-1)!.ref
  )
}

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
      const last = this.#rows.at(-1)
      if (last !== undefined && last.ref !== row.ref - 1) return
      if (this.#rows.length >= ROWS_MAX || this.#bytes + row.body.length > BYTES_MAX) return
      this.#rows.push(row)
      this.#bytes += row.body.length
    }
  }

  /** Those behind the number `cursor`, if the first of them is here; forgets those up to it. */
  behind(cursor: number): readonly OutboxRow[] {
    const [first] = this.#rows
    if (first === undefined || first.ref > cursor + 1) return []
    if (first.ref <= cursor) this.#forget(cursor + 1 - first.ref)
    return this.#rows
  }

  #forget(count: number): void {
    for (const { body } of this.#rows.slice(0, count)) this.#bytes -= body.length
    this.#rows = this.#rows.slice(count)
  }
}
