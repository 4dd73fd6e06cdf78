export type { Command, CommandContext, CommandOptions } from './command.ts'
export type { Outcome, RunOptions, StartOptions } from './coordinator/handle.ts'
export type { MessageHandle, TransactionHandle } from './coordinator/handle-types.ts'
export type { Sent } from './coordinator/message.ts'
export type { CoordinatorSettings } from './coordinator/options.ts'
export type {
  ExplainedTransaction,
  TransactionInfo,
  Transactions,
} from './coordinator/transactions.ts'
export type { Duration, Rate } from './duration.ts'
export type { HufuErrorCode } from './errors.ts'
export { HUFU_ERRORS, HufuError, isHufuError } from './errors.ts'
export type {
  Event,
  EventOptions,
  Handler,
  ReceiptHandler,
  WeakHandler,
} from './event.ts'
export type { FlowEvent, FlowOptions } from './flow.ts'
export { createHufu } from './hufu.ts'
export type { Flow, Hufu, Journal } from './hufu-types.ts'
export { doIn, endIn } from './in-store.ts'
export type { WeakGuard } from './inbox/guard.ts'
export type { WeakLock, WeakOptions } from './inbox/lock.ts'
export { weakLock } from './inbox/lock.ts'
export type {
  ConsumeContext,
  ConsumeOptions,
  Consumer,
  ConsumerStats,
  RateOptions,
  RetryOptions,
  WeakConsumeOptions,
} from './inbox/options.ts'
export type { WeakToken } from './inbox/token.ts'
export { weakToken } from './inbox/token.ts'
export type { CallOptions, CallRetryOptions, DecisionOptions } from './kinds/definition-options.ts'
export type { Cause, Explanation } from './kinds/kind.ts'
export type { CheckOptions, MessageOptions } from './kinds/message-builder.ts'
export { message } from './kinds/message-builder.ts'
export type { StepContext } from './kinds/participant.ts'
export { saga } from './kinds/saga-builder.ts'
export { tcc } from './kinds/tcc-builder.ts'
export type { Limits } from './limits.ts'
export { LIMITS } from './limits.ts'
export type { HufuOptions, HufuStats, RetentionOptions } from './options.ts'
export type { PublishOptions, TransactionalOptions } from './outbox/options.ts'
export { Failure, fail, Later, later } from './outcome.ts'
export type { Audit, Parked, ParkedQuery } from './parked/parked.ts'
export type { GuardStore } from './ports/guard.ts'
export type { Participant, ParticipantRequest } from './ports/participant.ts'
export type {
  AuditEntry,
  JournalEntry,
  JournalFilter,
  JournalKey,
  OpenRow,
  ParkedKind,
  ParkedRow,
  ParkedState,
  Store,
} from './ports/store.ts'
export type {
  TransactionFilter,
  TransactionKind,
  TransactionStatus,
} from './ports/transactions.ts'
export type { Transport } from './ports/transport.ts'
export type { StandardSchema } from './schema.ts'
export type { Alert } from './service/alert.ts'
export type { Decision } from './service/decision.ts'
export type { Receipt } from './service/receipt.ts'
