import type { PoolConnection } from 'mysql2/promise'
import { HufuError } from '../../errors.ts'
import type { Connections } from './connections.ts'
import { isNothingSent, isRefusal, isRolledBack, wordsOf } from './driver-errors.ts'
import { isInTransaction } from './session.ts'
import { lostError } from './tx.ts'

/**
 * Commits, and gives the connection back. `COMMIT_FAILED` and `TRANSACTION_LOST`: nothing is
 * stored. `COMMIT_UNKNOWN`: the answer did not come, and the server may have done either.
 */
export async function commit(connections: Connections, connection: PoolConnection): Promise<void> {
  try {
    await connections.inTime(connection.query('COMMIT'))
  } catch (error) {
    const what = await whatBecame(connections, connection, error)
    connection.destroy()
    throw what
  }
  connection.release()
}

async function whatBecame(connections: Connections, connection: PoolConnection, error: unknown) {
  const words = wordsOf(error)
  if (isNothingSent(error)) return lostError(words)
  if (isRolledBack(error) || (await isStillOpen(connections, connection, error))) {
    return new HufuError('COMMIT_FAILED', `Committing a transaction: ${words}`, error)
  }
  const text = `Committing a transaction: ${words}; it may have been committed or not`
  return new HufuError('COMMIT_UNKNOWN', text, error)
}

/** A refused COMMIT that left the transaction open; it ends with the connection. */
async function isStillOpen(connections: Connections, connection: PoolConnection, error: unknown) {
  if (!isRefusal(error)) return false
  return connections.inTime(isInTransaction(connection)).catch(() => false)
}

/** Rolls back, and gives the connection back; one that does not answer is ended. */
export async function rollback(
  connections: Connections,
  connection: PoolConnection,
): Promise<void> {
  try {
    await connections.inTime(connection.query('ROLLBACK'))
    connection.release()
  } catch {
    connection.destroy()
  }
}

/** A statement is under way that nobody waits for, perhaps for somebody's lock: it ends now. */
export async function abandon(connections: Connections, connection: PoolConnection): Promise<void> {
  const { threadId } = connection
  connection.destroy()
  await connections.kill(threadId).catch(() => {})
}
