import type { Connection, PoolConnection } from 'mysql2/promise'
import { whole } from './session.ts'

/** What each connection is set to, s. */
const known = new WeakMap<Connection, number>()

/**
 * Has MariaDB end a transaction in which nothing was asked for longer than it may last: else the
 * locks of a process that is paused, or cut off, would stay for hours.
 */
export async function limitIdle(connection: PoolConnection, timeoutMs: number): Promise<void> {
  const seconds = Math.ceil(timeoutMs / 1_000) + 1
  const core = connection.connection
  if (known.get(core) === seconds) return
  await connection.query(`SET SESSION idle_transaction_timeout = ${whole(seconds)}`)
  known.set(core, seconds)
}
