export type {
  Batch,
  Broker,
  BrokerOptions,
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
  QueueOptions,
  QueueStats,
  RecoveryReport,
  Settlement,
  SubscribeOptions,
  Subscription,
} from './api.ts'
export { createBroker } from './engine/open.ts'
export { BROKER_ERRORS, BrokerError, type BrokerErrorCode } from './errors.ts'
export { LIMITS, type Limits } from './limits.ts'
