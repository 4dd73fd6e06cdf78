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
  /** Ends it, if it is the store's own. */
  end(): Promise<void>
}

/** The user's pool as it is, or one of our own, for which the driver is loaded. */
export async function openPool(source: MysqlSource): Promise<OpenPool> {
  if (isPool(source)) return counted(promised(source), async () => {})
  const { createPool } = await loadDriver()
  const pool = typeof source === 'string' ? createPool(source) : createPool(source)
  return counted(pool, () => pool.end())
}

function isPool(source: MysqlSource): source is Pool {
  return typeof source === 'object' && 'getConnection' in source
}

/** One of mysql2's pools with callbacks has the other one in it. */
function promised(pool: Pool): Pool {
  const callbacks = pool as { promise?: () => Pool }
  return typeof callbacks.promise === 'function' ? callbacks.promise() : pool
}

async function loadDriver() {
  try {
    return await import('mysql2/promise')
  } catch (error) {
    const text = `Opening a MySQL store: the package mysql2 is wanted: ${messageOf(error)}`
    throw new HufuError('STORE_UNUSABLE', text, error)
  }
}

function counted(pool: Pool, end: () => Promise<void>): OpenPool {
  const { connectionLimit = CONNECTIONS } = configOf(pool)
  const connections = connectionLimit === 0 ? Number.POSITIVE_INFINITY : connectionLimit
  if (connections >= 2) return { pool, connections, end }
  const text = 'the pool may have one connection, wanted are at least 2'
  throw new HufuError('ARGUMENT', `Opening a MySQL store: ${text}`)
}

function configOf(pool: Pool): { connectionLimit?: number } {
  const { config } = pool.pool as { config?: { connectionLimit?: number } }
  return config ?? {}
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
