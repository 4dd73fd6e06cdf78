import type { Connection, ResultSetHeader } from 'mysql2/promise'
import { storeError } from './driver-errors.ts'
import type { Names } from './names.ts'

/** The server's clock, ms since 1970, whatever the time zone of the session; of the statement. */
export const NOW = "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000)"

/**
 * End of an INSERT that is to change nothing when the row is there (`INSERT IGNORE` would also cut
 * texts). The number that the server reports is 0 then: the count of rows says nothing, as it
 * depends on a flag of the connection.
 */
export const unlessThere = (id: string) =>
  `ON DUPLICATE KEY UPDATE ${id} = ${id} + LAST_INSERT_ID(0)`

/** Bit of the server's status: in a transaction. */
const IN_TRANSACTION = 1
/** Bit of the server's status: every statement is a transaction of its own. */
const AUTOCOMMIT = 2

export type SqlValue = string | number | null | Uint8Array

export interface Done {
  readonly changes: number
  /** Number given to a row; 0 when none was. */
  readonly insertId: number
}

/** Sends a statement when the one before has ended well; throws when nothing more may be sent. */
export type Guard = <T>(send: () => Promise<T>) => Promise<T>

/** However the user has set up his pool. */
const PLAIN = {
  rowsAsArray: false,
  nestTables: false,
  namedPlaceholders: false,
  typeCast: true,
  supportBigNumbers: false,
  bigNumberStrings: false,
}

/** The library's statements on one connection. */
export class Session {
  readonly connection: Connection
  readonly #names: Names
  readonly #guard: Guard | undefined

  constructor(connection: Connection, names: Names, guard?: Guard) {
    this.connection = connection
    this.#names = names
    this.#guard = guard
  }

  async run(sql: string, ...values: SqlValue[]): Promise<Done> {
    return doneOf(await this.#send('execute', sql, values))
  }

  /** For a text that is never the same again: only whole numbers of ours stand in it. */
  async runText(sql: string): Promise<Done> {
    return doneOf(await this.#send('query', sql, []))
  }

  async rows<T>(sql: string, ...values: SqlValue[]): Promise<T[]> {
    return (await this.#send('execute', sql, values)) as T[]
  }

  async rowsOfText<T>(sql: string): Promise<T[]> {
    return (await this.#send('query', sql, [])) as T[]
  }

  /** First row. */
  async row<T>(sql: string, ...values: SqlValue[]): Promise<T | undefined> {
    return (await this.rows<T>(sql, ...values))[0]
  }

  /** Inserts, with `unlessThere`: the new row's number, or 0 when it was there. */
  async insert(sql: string, ...values: SqlValue[]): Promise<number> {
    return (await this.run(sql, ...values)).insertId
  }

  async #send(how: 'query' | 'execute', sql: string, values: readonly SqlValue[]) {
    const options = { ...PLAIN, sql: this.#names.in(sql), values: values.map(sent) }
    const send = async (): Promise<unknown> => {
      if (how === 'query') return (await this.connection.query(options))[0]
      return (await this.connection.execute(options))[0]
    }
    try {
      return await (this.#guard ? this.#guard(send) : send())
    } catch (error) {
      throw storeError('Using the database', error)
    }
  }
}

function sent(value: SqlValue) {
  if (!(value instanceof Uint8Array) || Buffer.isBuffer(value)) return value
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
}

function doneOf(result: unknown): Done {
  const { affectedRows, insertId } = result as ResultSetHeader
  return { changes: affectedRows, insertId }
}

/** What the server last said of the transaction; undefined when an answer says nothing of it. */
export function saysInTransaction(result: unknown): boolean | undefined {
  const last: unknown = Array.isArray(result) ? result.at(-1) : result
  const status = (last as Partial<ResultSetHeader> | undefined)?.serverStatus
  return status === undefined ? undefined : (status & IN_TRANSACTION) !== 0
}

/**
 * Asks the server whether the connection is in a transaction, or will be with its next statement.
 */
export async function isInTransaction(connection: Connection): Promise<boolean> {
  const [result] = await connection.query<ResultSetHeader>('DO 0')
  return (result.serverStatus & IN_TRANSACTION) !== 0 || (result.serverStatus & AUTOCOMMIT) === 0
}

/** A whole number for the text of a statement: the place of a LIMIT takes no other parameter. */
export function whole(value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw new RangeError(`Making a statement: ${value} is no whole number`)
}

/** Slices of 1, 2, 4 … 128: few different statements for any number of rows. */
export function slices<T>(list: readonly T[]): T[][] {
  const found: T[][] = []
  for (let at = 0, size = 128; at < list.length; ) {
    while (size > list.length - at) size /= 2
    found.push(list.slice(at, at + size))
    at += size
  }
  return found
}
