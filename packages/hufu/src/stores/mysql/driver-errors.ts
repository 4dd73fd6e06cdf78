import { HufuError, messageOf } from '../../errors.ts'

const ER_DUP_ENTRY = 1062
const ER_NO_SUCH_TABLE = 1146

/** Lock wait timeout, and what MySQL says for NOWAIT. */
const LOCK_WAIT: ReadonlySet<number> = new Set([1205, 3572])

/** MariaDB: the row has changed since the transaction's snapshot. */
const ER_CHECKREAD = 1020

/** Shutdown, aborted, killed, idle too long: the server says so and closes the connection. */
const CLOSING: ReadonlySet<number> = new Set([1053, 1152, 1927, 4031])

interface DriverError extends Error {
  readonly errno?: number
  readonly code?: string
  readonly sqlState?: string
  readonly fatal?: boolean
}

function asDriverError(error: unknown): DriverError | undefined {
  return error instanceof Error ? error : undefined
}

/** The server itself refused the statement; the connection is as good as before. */
export function isRefusal(error: unknown): boolean {
  const found = asDriverError(error)
  return found?.sqlState !== undefined && !isConnectionLost(error)
}

/** The connection is of no more use: nobody knows what became of a statement under way. */
export function isConnectionLost(error: unknown): boolean {
  const found = asDriverError(error)
  if (found === undefined || found instanceof HufuError) return false
  if (found.fatal === true || CLOSING.has(found.errno ?? 0)) return true
  return /^(E[A-Z]+|PROTOCOL_.*)$/.test(found.code ?? '')
}

/** There is no server to talk to, or it lets nobody in. */
export function isUnreachable(error: unknown): boolean {
  const found = asDriverError(error) as (DriverError & { syscall?: string }) | undefined
  return found?.syscall === 'connect' || found?.code === 'ECONNREFUSED'
}

/** The driver knew that the connection was gone, and sent nothing. */
export function isNothingSent(error: unknown): boolean {
  return isConnectionLost(error) && /in closed state/.test(messageOf(error))
}

/** The server has rolled the whole transaction back, as after a deadlock. */
export function isRolledBack(error: unknown): boolean {
  const found = asDriverError(error)
  return found?.sqlState?.startsWith('40') === true || found?.errno === ER_CHECKREAD
}

/** Others were in the way: the same may succeed when it is done again. */
export function isInTheWay(error: unknown): boolean {
  return isRolledBack(error) || LOCK_WAIT.has(asDriverError(error)?.errno ?? 0)
}

export function isDuplicate(error: unknown): boolean {
  return asDriverError(error)?.errno === ER_DUP_ENTRY
}

export function isTableMissing(error: unknown): boolean {
  return asDriverError(error)?.errno === ER_NO_SUCH_TABLE
}

/** Why a statement of the library did not work, in its own words. */
export function storeError(what: string, error: unknown): HufuError {
  if (error instanceof HufuError) return error
  const code = isInTheWay(error) ? 'STORE_BUSY' : 'STORE_UNUSABLE'
  return new HufuError(code, `${what}: ${wordsOf(error)}`, error)
}

/** An error of several addresses has no message of its own. */
export function wordsOf(error: unknown): string {
  return messageOf(error) || asDriverError(error)?.code || 'no reason given'
}
