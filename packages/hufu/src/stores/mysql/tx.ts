import type { Connection, FieldPacket, QueryResult } from 'mysql2/promise'
import { HufuError } from '../../errors.ts'
import type { WorkKind } from '../../ports/store.ts'
import { isConnectionLost, isRolledBack, storeError, wordsOf } from './driver-errors.ts'
import type { Names } from './names.ts'
import { type Guard, isInTransaction, Session, saysInTransaction } from './session.ts'

/**
 * A transaction of the store, isolation READ COMMITTED. Every call throws `TRANSACTION_OVER` once
 * it has ended, and `TRANSACTION_LOST` once the server has rolled it back (a deadlock does that,
 * also when the error was caught).
 */
export interface MysqlTx {
  /** As mysql2's: the text with the values in it is sent. */
  query<T extends QueryResult = QueryResult>(
    sql: string,
    values?: readonly unknown[],
  ): Promise<[T, FieldPacket[]]>
  /** As mysql2's: a prepared statement. */
  execute<T extends QueryResult = QueryResult>(
    sql: string,
    values?: readonly unknown[],
  ): Promise<[T, FieldPacket[]]>
  /**
   * The connection itself, for libraries that want it. Do not keep it: used after the transaction
   * has ended, it writes into another one.
   */
  readonly connection: Connection
}

/** These end the transaction; so does nearly every change of a table's definition. */
const CONTROL = new RegExp(
  `^\\s*(${[
    'begin|start\\s+transaction|commit|rollback(?!\\s+(work\\s+)?to\\b)|xa|set\\s+autocommit',
    '(create|drop)(?!\\s+temporary)|alter|rename|truncate|lock|unlock|grant|revoke',
  ].join('|')})\\b`,
  'i',
)

export class LiveTx implements MysqlTx, Guard {
  readonly #connection: Connection
  readonly session: Session
  /** Why it has ended. */
  #over: string | undefined
  /** Why the server has rolled it back, or the connection is gone. */
  #lost: string | undefined
  /** Statements under way, and works of the transaction that have not ended. */
  pending = 0
  /** Messages to send, or parked work to do, were stored. */
  readonly work = { messages: false, parked: false, transactions: false }
  /** Journal rows that were begun and not finished, by their names: their numbers. */
  readonly begun = new Map<string, number>()

  constructor(connection: Connection, names: Names) {
    this.#connection = connection
    this.session = new Session(connection, names, this)
  }

  get live(): boolean {
    return this.#over === undefined
  }

  get lost(): string | undefined {
    return this.#lost
  }

  get connection(): Connection {
    this.#demandLive()
    return this.#connection
  }

  query<T extends QueryResult>(sql: string, values?: readonly unknown[]) {
    return this.#users(sql, () => this.#connection.query<T>(sql, copyOf(values)))
  }

  execute<T extends QueryResult>(sql: string, values?: readonly unknown[]) {
    return this.#users(sql, () => this.#connection.execute<T>(sql, copyOf(values) as never))
  }

  async #users<T extends QueryResult>(
    sql: string,
    send: () => Promise<[T, FieldPacket[]]>,
  ): Promise<[T, FieldPacket[]]> {
    if (typeof sql === 'string' && CONTROL.test(sql)) {
      throw new HufuError('ARGUMENT', `Running "${sql}": it would end the store's transaction`)
    }
    this.enter()
    try {
      const answer = await send()
      this.answered(answer[0])
      return answer
    } catch (error) {
      await this.failed(error)
      throw isConnectionLost(error) ? storeError('Running a statement', error) : error
    } finally {
      this.leave()
    }
  }

  enter(): void {
    this.#demandLive()
    if (this.#lost !== undefined) throw lostError(this.#lost)
    this.pending++
  }

  leave(): void {
    this.pending--
  }

  answered(result: unknown): void {
    if (saysInTransaction(result) === false) this.#lost ??= 'a statement has ended it'
  }

  /** After an error the server knows whether there still is a transaction. */
  async failed(error: unknown): Promise<void> {
    if (error instanceof HufuError) return
    if (isConnectionLost(error) || isRolledBack(error)) this.#lost ??= wordsOf(error)
    else if (!(await isInTransaction(this.#connection).catch(() => false))) {
      this.#lost ??= wordsOf(error)
    }
  }

  /** The transaction must not end before `work`. */
  expect(work: Promise<unknown>): void {
    this.pending++
    const over = () => this.leave()
    work.then(over, over)
  }

  end(why: string): void {
    this.#over ??= why
  }

  #demandLive(): void {
    if (this.#over === undefined) return
    throw new HufuError('TRANSACTION_OVER', `Using a transaction: ${this.#over}`)
  }
}

export function lostError(why: string): HufuError {
  return new HufuError('TRANSACTION_LOST', `Using a transaction: the server has ended it (${why})`)
}

function copyOf(values: readonly unknown[] | undefined): unknown[] | undefined {
  return values === undefined ? undefined : [...values]
}

/** What a user may pass who began a transaction himself: mysql2's promise connection. */
export type Foreign = Connection

/** The library's statements in a transaction of the store, or in one that the user began. */
export async function sessionOf(tx: MysqlTx | Foreign, names: Names): Promise<Session> {
  if (tx instanceof LiveTx) return tx.session
  const connection = promised(tx)
  if (connection === undefined) {
    throw new HufuError('ARGUMENT', 'Using a transaction: it is no connection of mysql2')
  }
  const inside = await isInTransaction(connection).catch((error) => {
    throw storeError('Using a connection', error)
  })
  if (inside) return new Session(connection, names)
  throw new HufuError('TRANSACTION_MISSING', 'Using a connection: it is not in a transaction')
}

/** A pool is refused: each statement on it may get another connection. */
function promised(given: unknown): Connection | undefined {
  if (typeof given !== 'object' || given === null || 'getConnection' in given) return undefined
  const found = given as { promise?: () => Connection; execute?: unknown; query?: unknown }
  if (typeof found.execute !== 'function' || typeof found.query !== 'function') return undefined
  return typeof found.promise === 'function' ? found.promise() : (given as Connection)
}

/** Has the store's listeners told of new work once this transaction is committed. */
export function markWork(tx: MysqlTx | Foreign, kind: WorkKind): void {
  if (tx instanceof LiveTx) tx.work[kind] = true
}

/** Has the transaction wait for `work`; one that the user began himself is his own affair. */
export function expectWork(tx: MysqlTx | Foreign, work: Promise<unknown>): void {
  if (tx instanceof LiveTx) tx.expect(work)
}
