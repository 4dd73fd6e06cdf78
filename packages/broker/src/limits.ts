/** Every limit of a broker, with its unit. */
export interface Limits {
  /** Body of one message, bytes. */
  messageBytesMax: number
  /** Properties of one message, bytes. */
  propertiesBytesMax: number
  /** Bytes taken but not yet on disk; a publish beyond it is refused with `BUSY`. */
  pendingBytesMax: number
  /** All segment files together, bytes; a publish beyond it is refused with `LOG_FULL`. */
  logBytesMax: number
  queuesMax: number
  /** Queues one message may go to. */
  fanOutMax: number
  /** Messages set aside in one queue because an earlier one of their key is unsettled. */
  asidePerQueueMax: number
  /** Delayed and to-be-retried messages in the broker. */
  delayedMax: number
  /** Batches and prepared transactions that are not ended. */
  batchesMax: number
  /** Operations of one batch, messages of one prepared transaction. */
  batchOperationsMax: number
  /** A record's key, and its value, bytes. */
  recordKeyBytesMax: number
  recordValueBytesMax: number
  /** All records' keys and values together, bytes; they are kept in memory. */
  recordBytesMax: number
  /** Decisions over prepared transactions that are remembered for repeated words. */
  decidedMax: number
  /** Longest delay, ms. */
  delayMsMax: number
  /**
   * Size of the first segment file, bytes; each next one is twice as large, up to the next limit.
   */
  segmentBytesMin: number
  segmentBytesMax: number
  /** Memory that keeps the newest part of the log, bytes. */
  cacheBytes: number
  /** A checkpoint is written when so many bytes of log have come since the last. */
  checkpointBytes: number
}

const KiB = 1024
const MiB = 1024 * KiB
const GiB = 1024 * MiB

export const LIMITS: Limits = {
  messageBytesMax: 16 * MiB,
  propertiesBytesMax: MiB,
  pendingBytesMax: 64 * MiB,
  logBytesMax: 256 * GiB,
  queuesMax: 100_000,
  fanOutMax: 10_000,
  asidePerQueueMax: 100_000,
  delayedMax: 1_000_000,
  batchesMax: 1_000_000,
  batchOperationsMax: 100_000,
  recordKeyBytesMax: KiB,
  recordValueBytesMax: MiB,
  recordBytesMax: 64 * MiB,
  decidedMax: 100_000,
  delayMsMax: 400 * 24 * 3_600_000,
  segmentBytesMin: MiB,
  segmentBytesMax: 64 * MiB,
  cacheBytes: 16 * MiB,
  checkpointBytes: 128 * MiB,
}
