import { HufuError } from 'hufu'
import type { Holder, Locks } from './locks.ts'

/** What a table holds. A row put with order 0 gets the number of its commit. */
export interface Row {
  readonly order?: number
}

export interface Change {
  readonly table: string
  readonly key: string
  /** Undefined: deleted. */
  readonly row: Row | undefined
}

/** What a transaction sees of its database. */
interface Committed {
  readonly locks: Locks
  table(name: string): Map<string, Row>
}

/** A transaction on a model database. Every call throws `TRANSACTION_OVER` once it has ended. */
export class ModelTx implements Holder {
  readonly number: number
  waitsFor: string | undefined
  /** The commit is on its way to the disk. */
  committing = false
  /** Messages to send or parked work to do were stored. */
  work = false
  readonly #database: Committed
  readonly #changes = new Map<string, Change>()
  #over: string | undefined

  constructor(database: Committed, number: number) {
    this.#database = database
    this.number = number
  }

  get live(): boolean {
    return this.#over === undefined
  }

  /** Nobody else writes the row, or one of the same name, before this transaction ends. */
  async lock(table: string, key: string): Promise<void> {
    this.#demandLive()
    await this.#database.locks.take(this, `${table} ${key}`)
    this.#demandLive()
  }

  /** As `lock`, but false at once while another has it. */
  tryLock(table: string, key: string): boolean {
    this.#demandLive()
    return this.#database.locks.tryTake(this, `${table} ${key}`)
  }

  get<R extends Row>(table: string, key: string): R | undefined {
    this.#demandLive()
    const own = this.#changes.get(`${table} ${key}`)
    return (own === undefined ? this.#database.table(table).get(key) : own.row) as R | undefined
  }

  async put(table: string, key: string, row: Row): Promise<void> {
    await this.lock(table, key)
    this.#changes.set(`${table} ${key}`, { table, key, row })
  }

  async remove(table: string, key: string): Promise<void> {
    await this.lock(table, key)
    this.#changes.set(`${table} ${key}`, { table, key, row: undefined })
  }

  /** All rows of a table as this transaction sees them. */
  rows<R extends Row>(table: string): R[] {
    this.#demandLive()
    const seen = new Map(this.#database.table(table))
    for (const change of this.#changes.values()) {
      if (change.table !== table) continue
      if (change.row === undefined) seen.delete(change.key)
      else seen.set(change.key, change.row)
    }
    return [...seen.values()] as R[]
  }

  changes(): Iterable<Change> {
    return this.#changes.values()
  }

  over(why: string): void {
    this.#over ??= why
  }

  #demandLive(): void {
    if (this.#over === undefined) return
    throw new HufuError('TRANSACTION_OVER', `Using a transaction: ${this.#over}`)
  }
}
