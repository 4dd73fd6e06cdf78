import { HufuError, messageOf } from '../../errors.ts'

/** What a statement gives, as `pg` tells it. */
export interface PostgresResult<Row = Record<string, unknown>> {
  readonly rows: Row[]
  readonly rowCount: number | null
  /** The kind of statement, such as `COMMIT`. */
  readonly command: string
}

/** A statement as an object, with more of `pg`'s own settings. */
export interface PostgresQuery {
  readonly text: string
  /** The server keeps the plan under it, for this connection. */
  readonly name?: string
  readonly values?: unknown[]
  /** Longest wait for the answer, ms. */
  readonly query_timeout?: number
}

/** A `Client` or `PoolClient` of the package `pg`, as far as the store uses it. */
export interface PostgresClient {
  query(query: string | PostgresQuery, params?: unknown[]): Promise<PostgresResult>
  /** `I` outside of a transaction, `T` in one, `E` in one that has failed. */
  getTransactionStatus?(): 'I' | 'T' | 'E' | null
}

/** A client that a pool has lent. */
export interface PostgresPoolClient extends PostgresClient {
  release(destroy?: boolean): void
  on(event: 'error', listener: (error: Error) => void): unknown
  removeListener(event: 'error', listener: (error: Error) => void): unknown
}

/** A `Pool` of the package `pg`, as far as the store uses it. */
export interface PostgresPool {
  connect(): Promise<PostgresPoolClient>
  query(query: string | PostgresQuery, params?: unknown[]): Promise<PostgresResult>
  end(): Promise<void>
  on(event: 'error', listener: (error: Error) => void): unknown
  removeListener(event: 'error', listener: (error: Error) => void): unknown
}

/** Address (`postgres://user:password@host/database`), or the settings of a `pg` pool. */
export type PostgresConfig = string | Readonly<Record<string, unknown>>

/** Where it is, without user and password. */
export function placeOf(from: PostgresPool | PostgresConfig): string {
  const settings = isPool(from) ? (from as { options?: object }).options : from
  const { connectionString, host, database } =
    typeof settings === 'string'
      ? { connectionString: settings }
      : ((settings ?? {}) as Record<string, unknown>)
  if (typeof connectionString === 'string' && URL.canParse(connectionString)) {
    const { host: server, pathname } = new URL(connectionString)
    return `postgres ${server}${pathname}`
  }
  return ['postgres', host, database].filter((word) => typeof word === 'string').join(' ')
}

export function isPool(from: PostgresPool | PostgresConfig): from is PostgresPool {
  return typeof from === 'object' && typeof from.connect === 'function'
}

/** A pool of the store's own; the driver is loaded only now. */
export async function makePool(config: PostgresConfig): Promise<PostgresPool> {
  const { Pool } = await loadDriver()
  const given = typeof config === 'string' ? { connectionString: config } : config
  return new Pool({ connectionTimeoutMillis: 10_000, keepAlive: true, ...given })
}

async function loadDriver() {
  try {
    return (await import('pg')).default
  } catch (error) {
    const text = `Loading the package pg: ${messageOf(error)}; install it beside hufu`
    throw new HufuError('STORE_UNUSABLE', text, error)
  }
}
