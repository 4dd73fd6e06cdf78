import type { SQLInputValue, StatementSync } from 'node:sqlite'
import { DatabaseSync } from 'node:sqlite'
import { HufuError, messageOf } from '../../errors.ts'

/** Prepared statements kept per connection; the oldest goes first. */
const STATEMENTS_MAX = 300

/** SQLite's result code for "somebody else holds the lock". */
const SQLITE_BUSY = 5

/** SQLITE_READONLY, SQLITE_IOERR, SQLITE_FULL, SQLITE_CANTOPEN. */
const DISK_TROUBLE: ReadonlySet<number> = new Set([8, 10, 13, 14])

export type SqlValue = SQLInputValue
type Row = Record<string, unknown>

/** A connection with its prepared statements. */
export class Connection {
  readonly db: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  /** The library's own, hence few. */
  readonly #tupleStatements = new Map<string, StatementSync>()

  constructor(db: DatabaseSync) {
    this.db = db
  }

  statement(sql: string): StatementSync {
    return this.#statements.get(sql) ?? this.#prepare(sql)
  }

  /** Rows changed. */
  run(sql: string, ...params: SqlValue[]): number {
    return Number(this.statement(sql).run(...params).changes)
  }

  get<T = Row>(sql: string, ...params: SqlValue[]): T | undefined {
    return this.statement(sql).get(...params) as T | undefined
  }

  all<T = Row>(sql: string, ...params: SqlValue[]): T[] {
    return this.statement(sql).all(...params) as T[]
  }

  /** Rows as arrays of their columns: made and read in half the time. For the library's own. */
  tuples<T extends readonly unknown[]>(sql: string, ...params: SqlValue[]): T[] {
    return this.#tupled(sql).all(...params) as unknown as T[]
  }

  /** First row as an array of its columns. */
  tuple<T extends readonly unknown[]>(sql: string, ...params: SqlValue[]): T | undefined {
    return this.#tupled(sql).get(...params) as unknown as T | undefined
  }

  #tupled(sql: string): StatementSync {
    const known = this.#tupleStatements.get(sql)
    if (known) return known
    const statement = this.db.prepare(sql)
    statement.setReturnArrays(true)
    this.#tupleStatements.set(sql, statement)
    return statement
  }

  #prepare(sql: string): StatementSync {
    const statement = this.db.prepare(sql)
    if (this.#statements.size >= STATEMENTS_MAX) {
      this.#statements.delete(this.#statements.keys().next().value!)
    }
    this.#statements.set(sql, statement)
    return statement
  }
}

/** Opens the file. `busyMs`: how long SQLite itself may wait, blocking the process, for a lock. */
export function openConnection(path: string, busyMs: number): Connection {
  try {
    const db = new DatabaseSync(path, { timeout: busyMs })
    db.exec('PRAGMA synchronous = FULL')
    return new Connection(db)
  } catch (error) {
    throw new HufuError('STORE_UNUSABLE', `Opening ${path}: ${messageOf(error)}`, error)
  }
}

export function isBusy(error: unknown): boolean {
  return resultCode(error) === SQLITE_BUSY
}

export function isDiskTrouble(error: unknown): boolean {
  return DISK_TROUBLE.has(resultCode(error) ?? 0)
}

/** SQLite's primary result code; undefined when the error is none of SQLite's. */
function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined
}
