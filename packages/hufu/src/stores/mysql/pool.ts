import type { Connection, Pool, PoolConnection, PoolOptions } from 'mysql2/promise'
import { HufuError, messageOf } from '../../errors.ts'

/** A pool of mysql2's, an address such as `mysql://user:secret@host/db`, or mysql2's options. */
export type MysqlSource = Pool | PoolOptions | string

/** Of mysql2's pools, when nothing is said. */
const CONNECTIONS = 10

export interface OpenPool {
  readonly pool: Pool
  /** Connections it may have; at least 2. */
  readonly connections: number
  /** The store's own: nobody else uses its connections. */
  readonly isOwn: boolean
  /** Ends it, if it is the store's own. */
  end(): Promise<void>
}

/** The user's pool as it is, or one of our own, for which the driver is loaded. */
export async function openPool(source: MysqlSource): Promise<OpenPool> {
  if (isPool(source)) return counted(promised(source), false)
  const { createPool } = await loadDriver()
  const pool = typeof source === 'string' ? createPool(source) : createPool(source)
  return counted(pool, true)
}

function isPool(source: MysqlSource): source is Pool {
  return typeof source === 'object' && 'getConnection' in source
}

/** One of mysql2's pools with callbacks has the other one in it. */
function promised(pool: Pool): Pool {
  const callbacks = pool as { promise?: () => Pool }
  return typeof callbacks.promise === 'function' ? callbacks.promise() : pool
}

/** Server and database, for messages. */
export function nameOf(source: MysqlSource): string {
  const { host = 'localhost', database = '' } =
    typeof source === 'string' ? partsOf(source) : isPool(source) ? configOf(source) : source
  return `mysql ${host}/${database}`
}

function partsOf(address: string): Target {
  try {
    const { hostname, pathname } = new URL(address)
    return { host: hostname, database: pathname.slice(1) }
  } catch (error) {
    throw new HufuError('ARGUMENT', 'Making a MySQL store: the address cannot be read', error)
  }
}

interface Target {
  readonly host?: string | undefined
  readonly database?: string | undefined
}

async function loadDriver() {
  try {
    return await import('mysql2/promise')
  } catch (error) {
    const text = `Opening a MySQL store: the package mysql2 is wanted: ${messageOf(error)}`
    throw new HufuError('STORE_UNUSABLE', text, error)
  }
}

function counted(pool: Pool, isOwn: boolean): OpenPool {
  const { connectionLimit = CONNECTIONS } = (pool.pool as Configured).config ?? {}
  const connections = connectionLimit === 0 ? Number.POSITIVE_INFINITY : connectionLimit
  const end = async () => void (isOwn && (await pool.end()))
  if (connections >= 2) return { pool, connections, isOwn, end }
  const text = 'the pool may have one connection, wanted are at least 2'
  throw new HufuError('ARGUMENT', `Opening a MySQL store: ${text}`)
}

interface Configured {
  readonly config?: { readonly connectionLimit?: number; readonly connectionConfig?: Target }
}

function configOf(pool: Pool): Target {
  return (promised(pool).pool as Configured).config?.connectionConfig ?? {}
}

const heard = new WeakSet<Connection>()

/**
 * What happens to a connection while nobody waits for its answer is seen at its next use; mysql2
 * itself listens only once.
 */
export function listen(connection: PoolConnection): void {
  const core = connection.connection
  if (heard.has(core)) return
  heard.add(core)
  core.on('error', () => {})
}
