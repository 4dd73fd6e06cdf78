export type { Duration, Rate } from './duration.ts'
export type { HufuErrorCode } from './errors.ts'
export { HUFU_ERRORS, HufuError, isHufuError } from './errors.ts'
export type {
  Event,
  EventOptions,
  Handler,
  PublishOptions,
  Receipt,
  ReceiptHandler,
  WeakHandler,
} from './event.ts'
export type { Hufu, Journal } from './hufu-types.ts'
export type {
  ConsumeContext,
  ConsumeOptions,
  Consumer,
  ConsumerStats,
  RateOptions,
  RetryOptions,
  WeakConsumeOptions,
} from './inbox/options.ts'
export type { Limits } from './limits.ts'
export { LIMITS } from './limits.ts'
export type { Alert, HufuOptions, HufuStats, RetentionOptions } from './options.ts'
export { Failure, fail, Later, later } from './outcome.ts'
export type { Audit, Decision, Parked, ParkedQuery } from './parked/parked.ts'
export type {
  AuditEntry,
  JournalEntry,
  JournalFilter,
  JournalKey,
  OpenRow,
  ParkedKind,
  ParkedRow,
  ParkedState,
} from './ports/store.ts'
export type { StandardSchema } from './schema.ts'
