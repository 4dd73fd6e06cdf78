export type {
  Batch,
  Broker,
  BrokerStats,
  CheckAnswer,
  DeadLetter,
  Decision,
  Delivery,
  Peeked,
  PreparedHandle,
  PreparedInfo,
  PrepareRequest,
  Publisher,
  PublisherMessage,
  PublisherOptions,
  PublishRequest,
  QueueStats,
  RecordPut,
  Records,
  RecoveryReport,
  Settlement,
  Subscription,
} from './api.ts'
export { createBroker } from './engine/open.ts'
export { BROKER_ERRORS, BrokerError, type BrokerErrorCode } from './errors.ts'
export { LIMITS, type Limits } from './limits.ts'
export type {
  BrokerOptions,
  DeadLetterReason,
  DeadLetterRouter,
  GivenUp,
  QueueOptions,
  SubscribeOptions,
} from './options.ts'
