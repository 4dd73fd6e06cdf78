import { HufuError, messageOf } from '../../errors.ts'

/** Another transaction was in the way; nothing is stored, and trying again may succeed. */
const CONFLICTS: ReadonlySet<string> = new Set(['40001', '40P01'])

/**
 * The server has ended the connection, or takes none: connection exceptions, shutdowns, too many
 * connections, transactions that were idle or open for too long.
 */
const ENDED = /^(08|53300|57P0|25P03|25P04)/

/** The server cannot: no room, no memory, input or output errors, read-only. */
const UNABLE = /^(53|58|25006)/

/** The driver's own words when there is no connection. */
const DRIVER =
  /^(connection terminated|client (has encountered|was closed)|query read timeout|timeout e)/i

/** SQLSTATE of an error that the server has sent. */
function stateOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('severity' in error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** Whether the server itself has said so: then it was asked and has answered. */
export function isAnswer(error: unknown): boolean {
  return stateOf(error) !== undefined
}

export function isConflict(error: unknown): boolean {
  return CONFLICTS.has(stateOf(error) ?? '')
}

/** There is no connection any more, or there was none. */
export function isLost(error: unknown): boolean {
  const state = stateOf(error)
  if (state !== undefined) return ENDED.test(state)
  if (!(error instanceof Error)) return false
  return 'syscall' in error || error instanceof AggregateError || DRIVER.test(error.message)
}

/** The server's or the network's trouble as an error of its own; another error as it is. */
export function explained(what: string, error: unknown): unknown {
  if (!isLost(error) && !UNABLE.test(stateOf(error) ?? '')) return error
  return unusable(what, error)
}

export function unusable(what: string, error: unknown): HufuError {
  return new HufuError('STORE_UNUSABLE', `${what}: ${wordsOf(error)}`, error)
}

function wordsOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return wordsOf(error.errors[0])
  return messageOf(error)
}
