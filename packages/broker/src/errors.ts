/**
 * Every error of the broker: code and what it means. `docs/errors.md` has what to do about each.
 */
export const BROKER_ERRORS = {
  FOLDER_LOCKED: 'another process, or this one, has the folder open',
  FOLDER_UNUSABLE: 'the folder cannot be read or written',
  FORMAT_UNKNOWN: 'the folder was written by a version that this one does not know',
  LOG_DAMAGED: 'a file that everything depends on cannot be read',
  LOG_FAILED: 'a write or sync failed; nothing more is taken until the process starts again',
  LOG_FULL: 'no room for another segment; settling still works',
  BUSY: 'too much waits for the disk',
  CLOSED: 'the broker is closed',
  QUEUE_UNKNOWN: 'no such queue',
  QUEUE_MISMATCH: 'the queue is there with other options',
  QUEUE_FULL: 'the queue is at its limit',
  QUEUE_IN_USE: 'another queue dead-letters to it, or a consumer has it for itself',
  SUBSCRIPTION_CLOSED: 'the subscription whose deliveries a batch settles is closed',
  BATCH_OVER: 'the batch was committed or rolled back already',
  PREPARED_EXISTS: 'a transaction of this id is prepared and not decided',
  PREPARED_CLAIMED: 'a batch that is not ended decides the prepared transaction',
  PREPARED_UNKNOWN: 'no such prepared transaction, or decided too long ago',
  LIMIT: 'a stated limit would be passed',
  ARGUMENT: 'an argument has a wrong type or range',
} as const

export type BrokerErrorCode = keyof typeof BROKER_ERRORS

/**
 * What the broker refused or failed; the message says what was tried, a colon, and what is the
 * case.
 */
export class BrokerError extends Error {
  readonly code: BrokerErrorCode
  constructor(code: BrokerErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'BrokerError'
    this.code = code
  }
}
