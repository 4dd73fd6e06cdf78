import type { Connection, FieldPacket, QueryResult } from 'mysql2/promise'
import { HufuError } from '../../errors.ts'
import { type ForeignQuery, ForeignTx } from '../../ports/foreign.ts'
import type { WorkKind } from '../../ports/store.ts'
import { isConnectionLost, isRolledBack, storeError, wordsOf } from './driver-errors.ts'
import type { Names } from './names.ts'
import { isInTransaction, Session, saysInTransaction } from './session.ts'

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

export class LiveTx implements MysqlTx {
  readonly #connection: Connection
  readonly session: Session
  /** Why it has ended. */
  #over: string | undefined
  /** Why the server has rolled it back, or the connection is gone. */
  #lost: string | undefined
  /** The user has had the connection itself: what was done on it nobody has watched. */
  #handedOut = false
  #last: Promise<unknown> = Promise.resolve()
  /** Statements under way, and works of the transaction that have not ended. */
  pending = 0
  /** What was stored that somebody is to be told of. */
  readonly work = { messages: false, parked: false, transactions: false }
  /** Journal rows that were begun and not finished, by their names: their numbers. */
  readonly begun = new Map<string, number>()

  constructor(connection: Connection, names: Names) {
    this.#connection = connection
    this.session = new Session(connection, names, (send) => this.#inTurn(send))
  }

  get live(): boolean {
    return this.#over === undefined
  }

  get connection(): Connection {
    this.#demandLive()
    this.#handedOut = true
    return this.#connection
  }

  query<T extends QueryResult>(sql: string, values?: readonly unknown[]) {
    return this.#users(sql, () => this.#connection.query<T>(sql, copyOf(values)))
  }

  execute<T extends QueryResult>(sql: string, values?: readonly unknown[]) {
    return this.#users(sql, () => this.#connection.execute<T>(sql, copyOf(values) as never))
  }

  /** The transaction must not end before `work`. */
  expect(work: Promise<unknown>): void {
    this.pending++
    const over = () => void this.pending--
    work.then(over, over)
  }

  /** Throws when there is nothing left to be committed. */
  async demandWhole(): Promise<void> {
    if (this.#handedOut && this.#lost === undefined) await this.#look('it was ended outside')
    if (this.#lost !== undefined) throw lostError(this.#lost)
  }

  end(why: string): void {
    this.#over ??= why
  }

  async #users<T extends QueryResult>(
    sql: string,
    send: () => Promise<[T, FieldPacket[]]>,
  ): Promise<[T, FieldPacket[]]> {
    if (typeof sql === 'string' && CONTROL.test(sql)) {
      throw new HufuError('ARGUMENT', `Running "${sql}": it would end the store's transaction`)
    }
    try {
      let fields: FieldPacket[] = []
      const result = await this.#inTurn(async () => {
        const [answer, described] = await send()
        fields = described
        return answer
      })
      return [result, fields]
    } catch (error) {
      throw isConnectionLost(error) ? storeError('Running a statement', error) : error
    }
  }

  /** Were the next statement under way when one has ended the transaction, it would stand alone. */
  #inTurn<T>(send: () => Promise<T>): Promise<T> {
    this.pending++
    const result = this.#last.then(() => this.#checked(send))
    const over = () => void this.pending--
    this.#last = result.then(over, over)
    return result
  }

  async #checked<T>(send: () => Promise<T>): Promise<T> {
    this.#demandLive()
    if (this.#lost !== undefined) throw lostError(this.#lost)
    try {
      const result = await send()
      if (saysInTransaction(result) === false) this.#lost = 'a statement has ended it'
      return result
    } catch (error) {
      if (isConnectionLost(error) || isRolledBack(error)) this.#lost = wordsOf(error)
      else await this.#look(wordsOf(error))
      throw error
    }
  }

  /** The server knows whether there still is a transaction. */
  async #look(otherwise: string): Promise<void> {
    const inside = await isInTransaction(this.#connection).catch(() => false)
    if (!inside) this.#lost = otherwise
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

/**
 * What a user may pass who began a transaction himself: mysql2's promise connection, or one of
 * another library.
 */
export type MysqlForeign = Connection | ForeignTx

/** The library's statements in a transaction of the store, or in one that the user began. */
export async function sessionOf(tx: MysqlTx | MysqlForeign, names: Names): Promise<Session> {
  if (tx instanceof LiveTx) return tx.session
  const way = tx instanceof ForeignTx ? tx.wayOf('mysql') : { connection: tx }
  if ('query' in way) return insideOf(new Session(connectionOf(way.query), names))
  const connection = promised(way.connection)
  if (connection === undefined) {
    throw new HufuError('ARGUMENT', 'Using a transaction: it is no connection of mysql2')
  }
  const inside = await isInTransaction(connection).catch((error) => {
    throw storeError('Using a connection', error)
  })
  if (inside) return new Session(connection, names)
  throw new HufuError('TRANSACTION_MISSING', 'Using a connection: it is not in a transaction')
}

/**
 * MariaDB tells in a statement whether it is in a transaction; for MySQL that part is a comment,
 * and what the library knows of its own transactions is all.
 */
const INSIDE = 'SELECT /*M! (@@in_transaction OR NOT @@autocommit) AS inside, */ 1 AS answered'

/** A deadlock ends a transaction, and the library that began it takes it for a living one. */
async function insideOf(session: Session): Promise<Session> {
  const row = await session.row<{ inside?: number }>(INSIDE)
  if (row?.inside === undefined || Number(row.inside) === 1) return session
  throw new HufuError('TRANSACTION_MISSING', 'Using a transaction: the server has ended it')
}

/** A connection, as far as a session uses it, for a library that has its own way to run a text. */
function connectionOf(run: ForeignQuery): Connection {
  const send = async ({ sql, values }: { sql: string; values: unknown[] }) => {
    const { rows, rowCount, insertId } = await run(sql, values)
    return [Object.assign(rows, { affectedRows: rowCount, insertId }), []]
  }
  return { query: send, execute: send } as unknown as Connection
}

/** A pool is refused: each statement on it may get another connection. */
function promised(given: unknown): Connection | undefined {
  if (typeof given !== 'object' || given === null || 'getConnection' in given) return undefined
  const found = given as { promise?: () => Connection; execute?: unknown; query?: unknown }
  if (typeof found.execute !== 'function' || typeof found.query !== 'function') return undefined
  return typeof found.promise === 'function' ? found.promise() : (given as Connection)
}

/** Has the store's listeners told of new work once this transaction is committed. */
export function markWork(tx: MysqlTx | MysqlForeign, kind: WorkKind): void {
  if (tx instanceof LiveTx) tx.work[kind] = true
}

/** Has the transaction wait for `work`; one that the user began himself is his own affair. */
export function expectWork(tx: MysqlTx | MysqlForeign, work: Promise<unknown>): void {
  if (tx instanceof LiveTx) tx.expect(work)
}
