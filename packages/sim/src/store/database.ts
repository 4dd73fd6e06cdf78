import { Locks } from './locks.ts'
import { ModelTx, type Row } from './tx.ts'

type CommitListener = (text: string, tx: ModelTx) => void

/**
 * A database on a machine of its own: it outlives the processes that use it. Transactions see what
 * is committed and what they wrote themselves, and lock each row that they write; a commit takes
 * effect as a whole.
 */
export class Database {
  readonly name: string
  readonly locks = new Locks()
  /** Transactions that were committed after one that had begun later. */
  lateCommits = 0
  readonly #tables = new Map<string, Map<string, Row>>()
  readonly #open = new Set<ModelTx>()
  readonly #now: () => number
  readonly #listeners = new Set<CommitListener>()
  #refs = 0
  #commits = 0
  #lastBegun = 0
  #begun = 0

  /** `now`: the database's own clock, ms since 1970. */
  constructor(name: string, now: () => number) {
    this.name = name
    this.#now = now
  }

  now(): number {
    return this.#now()
  }

  /** A number that was never given before; gaps are possible. */
  nextRef(): number {
    return ++this.#refs
  }

  begin(): ModelTx {
    const tx = new ModelTx(this, ++this.#begun)
    this.#open.add(tx)
    return tx
  }

  /** The committed rows of a table, in no order that means anything. */
  table(name: string): Map<string, Row> {
    const known = this.#tables.get(name)
    if (known !== undefined) return known
    const made = new Map<string, Row>()
    this.#tables.set(name, made)
    return made
  }

  rows<R extends Row>(table: string): R[] {
    return [...this.table(table).values()] as R[]
  }

  /** Told of each commit, after it. */
  onCommit(listener: CommitListener): void {
    this.#listeners.add(listener)
  }

  commit(tx: ModelTx): void {
    const order = ++this.#commits
    for (const { table, key, row } of tx.changes()) {
      if (row === undefined) this.table(table).delete(key)
      else this.table(table).set(key, row.order === 0 ? { ...row, order } : row)
    }
    if (tx.number < this.#lastBegun) this.lateCommits++
    this.#lastBegun = Math.max(this.#lastBegun, tx.number)
    for (const listener of this.#listeners) listener(`${this.name} commits ${tx.number}`, tx)
    this.end(tx, 'it is committed')
  }

  end(tx: ModelTx, why: string): void {
    if (!this.#open.delete(tx)) return
    tx.over(why)
    this.locks.release(tx)
  }

  /** Its clients are gone. A commit that was under way is done or not, as `decide` says. */
  clientsGone(decide: () => boolean): void {
    for (const tx of [...this.#open]) {
      if (tx.committing && decide()) this.commit(tx)
      else this.end(tx, 'the process has ended')
    }
  }
}
