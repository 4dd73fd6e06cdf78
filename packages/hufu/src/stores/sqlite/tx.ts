import { DatabaseSync } from 'node:sqlite'
import { HufuError } from '../../errors.ts'
import type { OutboxRow, WorkKind } from '../../ports/store.ts'
import type { SqlValue } from './connection.ts'
import { Connection } from './connection.ts'

/**
 * A transaction on the store's file. Every call throws `TRANSACTION_OVER` once it has ended, so
 * that a forgotten `await` cannot write into somebody else's transaction.
 */
export interface SqliteTx {
  run(sql: string, ...params: SqlValue[]): { changes: number; lastInsertRowid: number | bigint }
  /** First row. */
  get<Row = Record<string, unknown>>(sql: string, ...params: SqlValue[]): Row | undefined
  all<Row = Record<string, unknown>>(sql: string, ...params: SqlValue[]): Row[]
  /**
   * The connection itself, for libraries that want it. Do not keep it: used after the transaction
   * has ended, it writes into another one.
   */
  readonly db: DatabaseSync
}

/** These would end or split the transaction that several callers share. */
const CONTROL = /^\s*(begin|commit|end|rollback|savepoint|release)\b/i

/** What the transactions that are committed together know of the database, which is theirs. */
export interface Group {
  /** No parked work is unresolved; undefined: nobody has looked. */
  nothingParked: boolean | undefined
}

export class LiveTx implements SqliteTx {
  readonly #connection: Connection
  readonly group: Group
  /** Why it has ended; made an error only when somebody needs it, errors being dear. */
  #over: string | undefined
  /** Messages to send, or parked work to do, were stored. */
  readonly work = { messages: false, parked: false, transactions: false }
  /** Messages to send that were stored, in the order of their numbers. */
  readonly stored: OutboxRow[] = []

  /** Works of the transaction that have not ended, and the one that began last. */
  pending = 0
  last: Promise<unknown> | undefined

  constructor(connection: Connection, group: Group) {
    this.#connection = connection
    this.group = group
  }

  /** The transaction must not end before `work`. */
  expect(work: Promise<unknown>): void {
    this.pending++
    this.last = work
    // Two steps: whoever did not wait has returned, and was looked at, before the second.
    work.then(nothing, nothing).then(() => void this.pending--)
  }

  get live(): boolean {
    return this.#over === undefined
  }

  /** The connection, while the transaction lives. */
  get connection(): Connection {
    if (this.#over !== undefined) {
      throw new HufuError('TRANSACTION_OVER', `Using a transaction: ${this.#over}`)
    }
    return this.#connection
  }

  get db(): DatabaseSync {
    return this.connection.db
  }

  run(sql: string, ...params: SqlValue[]) {
    const { changes, lastInsertRowid } = this.#statement(sql).run(...params)
    return { changes: Number(changes), lastInsertRowid }
  }

  get<Row>(sql: string, ...params: SqlValue[]): Row | undefined {
    return this.#statement(sql).get(...params) as Row | undefined
  }

  all<Row>(sql: string, ...params: SqlValue[]): Row[] {
    return this.#statement(sql).all(...params) as Row[]
  }

  end(why: string): void {
    this.#over ??= why
  }

  #statement(sql: string) {
    const connection = this.connection
    if (CONTROL.test(sql)) {
      throw new HufuError('ARGUMENT', `Running "${sql}": the store begins and ends transactions`)
    }
    return connection.statement(sql)
  }
}

function nothing(): void {}

const foreign = new WeakMap<DatabaseSync, Connection>()

/** The connection of a transaction of the store, or of one that the user began himself. */
export function connectionOf(tx: SqliteTx | DatabaseSync): Connection {
  if (tx instanceof LiveTx) return tx.connection
  if (!(tx instanceof DatabaseSync)) {
    throw new HufuError('ARGUMENT', 'Using a transaction: it is none of a SQLite store')
  }
  if (!tx.isTransaction) {
    throw new HufuError('TRANSACTION_MISSING', 'Using a connection: it is not in a transaction')
  }
  const known = foreign.get(tx)
  if (known) return known
  const connection = new Connection(tx)
  foreign.set(tx, connection)
  return connection
}

/** Has the store's listeners told of new work once this transaction is committed. */
export function markWork(tx: SqliteTx | DatabaseSync, kind: WorkKind): void {
  if (tx instanceof LiveTx) tx.work[kind] = true
}

/**
 * Has a message that was stored handed to the relay of this process once it is committed; false
 * where nobody sees the commit.
 */
export function handOver(tx: SqliteTx | DatabaseSync, row: OutboxRow): boolean {
  if (!(tx instanceof LiveTx)) return false
  tx.stored.push(row)
  return true
}

/** Has the transaction wait for `work`; one that the user began himself is his own affair. */
export function expectWork(tx: SqliteTx | DatabaseSync, work: Promise<unknown>): void {
  if (tx instanceof LiveTx) tx.expect(work)
}
