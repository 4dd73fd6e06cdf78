import { hash } from 'node:crypto'

/** Rows that a statement has written before it is prepared: what runs seldom is not. */
const ROWS_MIN = 1_024

/** SQLSTATE: a prepared statement is not there, or is there already. */
const MISSING = /^(26000|42P05)$/

/**
 * Names under which the server keeps the plan of a statement that runs often: to plan a small group
 * costs as much as to write it. A plan fits the table as it was, so with twice the rows there is a
 * new name: one that was made for an empty table would read a large one from end to end.
 */
export class PreparedNames {
  readonly #known = new Map<string, { readonly name: string; rows: number }>()
  usable = true

  /** For this run of the statement, which writes so many rows. Undefined: not prepared. */
  nameOf(sql: string, rows: number): string | undefined {
    let known = this.#known.get(sql)
    if (known === undefined) {
      // By its text: other versions and stores may have the same connections.
      known = { name: `hufu_${hash('sha1', sql).slice(0, 16)}`, rows: 0 }
      this.#known.set(sql, known)
    }
    known.rows += rows
    if (!this.usable || known.rows < ROWS_MIN) return undefined
    return `${known.name}_${Math.floor(Math.log2(known.rows))}`
  }

  /**
   * Whether the error says that the server does not have what it was told, and has done nothing:
   * something between gives each statement another connection. From then on none is prepared.
   */
  refuse(error: unknown): boolean {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (!MISSING.test(code)) return false
    this.usable = false
    return true
  }
}
