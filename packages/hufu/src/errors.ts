/**
 * Every error code of the library and what it means. `docs/errors.md` has what to do about each.
 */
export const HUFU_ERRORS = {
  ARGUMENT: 'an argument has a wrong type or range',
  LIMIT: 'a stated limit would be passed',
  CLOSED: 'the object is closed, or not started yet',
  EVENT_DUPLICATE: 'the event is defined already',
  GROUP_UNKNOWN: 'the event was defined without this group',
  CONSUMER_DUPLICATE: 'the group has a consumer or receipt handler here already',
  PAYLOAD_INVALID: 'the schema refuses the payload',
  PAYLOAD_NOT_JSON: 'the value cannot be written as JSON',
  OUTBOX_FULL: 'too many messages wait to be sent',
  ID_REUSED: 'the id was used before, with another body or key',
  IN_PROGRESS: 'an earlier attempt under this id is not decided yet',
  FENCED: 'the broker was told meanwhile that the local transaction is rolled back',
  REFUSED: 'the transport refused the message',
  TRANSPORT_LACKS: 'the transport cannot do what is asked of it',
  TRANSACTION_NESTED: 'a transaction was begun inside another one of the same store',
  TRANSACTION_TIMEOUT: 'the transaction took longer than allowed and was rolled back',
  TRANSACTION_PENDING: 'the function returned while something in its transaction was not awaited',
  TRANSACTION_OVER: 'the transaction has ended; nothing more can be done in it',
  TRANSACTION_LOST: 'the transaction was ended from outside, or by a deadlock',
  TRANSACTION_MISSING: 'the connection is not in a transaction',
  COMMIT_FAILED: 'the database refused the commit; nothing of the group is stored',
  COMMIT_UNKNOWN: 'the connection was lost during the commit; it may or may not be stored',
  STORE_BUSY: 'another process or connection keeps the database locked',
  STORE_FORMAT: 'the tables are of another version than those of this Hufu',
  STORE_UNUSABLE: 'the database cannot be opened, reached or written',
  PARKED_UNKNOWN: 'no such parked work, or it is resolved already',
  PARKED_STATE: 'the parked work is not in a state in which this can be done',
  TOKEN_MISSING: 'the message carries no token',
  TOKEN_USED: 'the token is unknown, expired or used already',
  LOCK_HELD: 'the lock is held by somebody else',
  BUSY: 'as much is in hand as this process may have',
  DEFINITION_DUPLICATE: 'a saga, TCC or message of this name is defined already',
  DEFINITION_UNKNOWN: 'this process has no such definition, or it has changed since',
  GLOBAL_UNKNOWN: 'there is no global transaction of this id',
  GLOBAL_STATE: 'the global transaction is not in a state in which this can be done',
} as const

export type HufuErrorCode = keyof typeof HUFU_ERRORS

/**
 * What the library refused or failed; the message says what was tried, a colon, and what is the
 * case.
 */
export class HufuError extends Error {
  readonly code: HufuErrorCode
  constructor(code: HufuErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'HufuError'
    this.code = code
  }
}

/** True when `error` is a `HufuError`; with `code`, only when it carries that code. */
export function isHufuError(error: unknown, code?: HufuErrorCode): error is HufuError {
  return error instanceof HufuError && (code === undefined || error.code === code)
}

/** The words of anything thrown, however odd; never throws itself. */
export function messageOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error)
  } catch {
    return 'something was thrown that has no words'
  }
}
