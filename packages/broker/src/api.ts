import type { DeadLetterRouter, QueueOptions, SubscribeOptions } from './options.ts'

export interface PublishRequest {
  /** Names of the queues that get it, each one at most once. Stored once for all of them. */
  queues: readonly string[]
  body: Uint8Array
  /** Opaque to the broker, delivered as given. Default empty. */
  properties?: Uint8Array
  /** Messages with one key keep their order where the consumer asks for `keyOrder`. */
  key?: string
  /** Not delivered before this many ms have passed since the broker took it. Default 0. */
  delayMs?: number
  /**
   * Time to live: not delivered any more when so many ms have passed since the broker took it, or
   * since it was due. When it is the next to be delivered and its time is over it is dead-lettered,
   * or dropped where the queue has nowhere to send it. 0: delivered at once or not at all. What a
   * consumer has does not expire. Default: none.
   */
  expiresMs?: number
  /** 0 to 255; the higher comes first in queues with `maxPriority`. Default 0. */
  priority?: number
}

/** Why and whence a dead-lettered message came. */
export interface DeadLetter {
  /** Queue it failed in, and its id there; 0: the queue had no room for it. */
  queue: string
  id: number
  /** Deliveries that failed. */
  attempts: number
  /** The last causes, oldest first, at most 10; `at` is broker time, ms. */
  history: readonly { at: number; cause: string }[]
}

export interface Delivery {
  /** Given once by the broker, rising in publish order. */
  readonly id: number
  readonly queue: string
  /** Of small messages several share one `ArrayBuffer`: take these bytes, not their `buffer`. */
  readonly body: Uint8Array
  readonly properties: Uint8Array
  /**
   * Failed deliveries before this one. After a crash it may be too high by one; too low by one only
   * where the clock was set back between the crash and the start after it, for a delayed message
   * that had come due just before the crash.
   */
  readonly attempts: number
  /** It may have been delivered before. Never false for one that was. */
  readonly redelivered: boolean
  /** Why the last delivery failed, as its consumer said; absent when nobody said anything. */
  readonly cause?: string
  /** Broker time at which it was taken, ms. */
  readonly time: number
  readonly deadLetter?: DeadLetter
}

/** What a consumer says of a delivery. */
export type Settlement =
  /** Done: it will not come again. */
  | { id: number; outcome: 'done' }
  /**
   * Failed: comes again after `delayMs` (default: the queue's retry delay), or is dead-lettered.
   */
  | { id: number; outcome: 'retry'; delayMs?: number; cause?: string }
  /**
   * Back to its place in the queue at once, as redelivered; counts as an attempt only where the
   * queue has `countRequeues`, and not where it is `unseen`: nobody has begun with it. In a batch
   * it always counts there.
   */
  | { id: number; outcome: 'requeue'; unseen?: boolean }
  /** Not now: comes again after `delayMs`; does not count as an attempt. */
  | { id: number; outcome: 'later'; delayMs: number }
  /** Give up at once: to the dead-letter queue, or parked. */
  | { id: number; outcome: 'reject'; cause?: string }

/** A message for `Publisher.publishBatch`; fields as in `PublishRequest`. */
export type PublisherMessage = Omit<PublishRequest, 'queues'> & {
  /**
   * Where the publisher has no fixed queues: names of those that get it, each at most once. With
   * none it is stored nowhere, and confirmed in its turn.
   */
  queues?: readonly string[]
  /**
   * It need not outlive the broker: where somebody consumes from each of its queues it may be kept
   * in memory only (32 MiB for all such messages), be confirmed and delivered at once, and is gone
   * with the process. Of a publisher without fixed queues; else, and where it is delayed, it is
   * stored like any other. Default false.
   */
  volatile?: boolean
}

export interface PublisherOptions {
  /**
   * Every message goes to all of these queues, and `delayMs` is not possible. Without them each
   * message names its own, and one whose queue is unknown or full is refused alone.
   */
  queues?: readonly string[]
  /**
   * All messages up to this number are on disk or were refused. Once per batch, at least; it may be
   * called within `publishBatch`, as `onRefused` may.
   */
  onConfirmed: (upTo: number) => void
  /** These messages were not taken: the log has no room, it failed, or their queue is full. */
  onRefused: (from: number, to: number, error: Error) => void
}

/** Publishes without a promise per message: the fast way for many. */
export interface Publisher {
  /**
   * Takes all of the messages (but see `PublisherOptions.queues`), or throws and takes none.
   * Messages are numbered 1, 2, … in the order of the calls; returns the number of the last one.
   * Never waits: what is beyond a limit is refused. The bytes may be used anew when it returns.
   */
  publishBatch(messages: readonly PublisherMessage[]): number
}

/** Several operations that take effect together, by one entry of the log, or not at all. */
export interface Batch {
  /**
   * Stores the message; nobody sees it before `commit`. Resolves when the log has taken it (not
   * yet: is on disk). Ids are given at `commit`, in the order of the calls.
   */
  publish(message: PublishRequest): Promise<void>
  /**
   * Settles deliveries of `subscription` at `commit`; until then they stay unsettled. When the
   * subscription is closed by then, `commit` rejects with `SUBSCRIPTION_CLOSED`.
   */
  settle(subscription: Subscription, settlements: readonly Settlement[]): void
  /** Prepares a transaction at `commit`. */
  prepare(request: PrepareRequest): Promise<PreparedHandle>
  /** Decides a prepared transaction at `commit`. Throws `PREPARED_UNKNOWN` when it is decided. */
  decide(handle: PreparedHandle, outcome: 'commit' | 'rollback'): void
  /**
   * Resolves with the messages' ids when all of it is on disk: all or nothing, also after `kill
   * -9`. Rejects, nothing having taken effect, with `SUBSCRIPTION_CLOSED` (see `settle`) or with
   * what a `publish` or `prepare` of it was refused with. `CLOSED`, `BATCH_OVER`.
   */
  commit(): Promise<number[]>
  /** Drops everything; deliveries named in `settle` stay unsettled. */
  rollback(): Promise<void>
}

/** Messages to be stored now and shown, or dropped, by a second word. */
export interface PrepareRequest {
  /** Names the transaction among the undecided ones; 1 to 1,024 bytes. */
  transactionId: string
  /** Whose producers are asked when the second word does not come; 1 to 1,024 bytes. */
  group: string
  messages: readonly PublishRequest[]
  /** First asking after 6,000 ms, then every 30,000 ms; parked after 15 askings that counted. */
  check?: { firstMs?: number; everyMs?: number; max?: number }
}

/** Names one prepared transaction; the version tells it from others of the same id. */
export interface PreparedHandle {
  transactionId: string
  version: number
}

export interface Decision {
  /** What was decided; it may differ from what this call wanted when another came before. */
  outcome: 'commit' | 'rollback'
  /** It had been decided before. */
  repeated: boolean
}

/** What a producer answers when asked; `unknown`: ask again later. */
export type CheckAnswer = 'commit' | 'rollback' | 'unknown'

export interface PreparedInfo extends PreparedHandle {
  group: string
  /** Broker time, ms. */
  preparedAt: number
  messages: number
  /** Askings that counted so far. */
  checks: number
  /** Broker time of the next asking, ms. */
  nextCheckAt: number
  /** Asked often enough; a late word or a person still decides it. */
  parked: boolean
}

/** A consumer of one queue. */
export interface Subscription {
  /** Resolves when the outcomes are durable. An id that is not unsettled here is ignored. */
  settle(batch: readonly Settlement[]): Promise<void>
  /**
   * The next message, whatever the credit; it is unsettled as if it had been pushed. Undefined when
   * none can be had now, or the subscription is closed meanwhile. `SUBSCRIPTION_CLOSED`.
   */
  pull(): Promise<Delivery | undefined>
  /** Changes the credit; takes effect with the next delivery. */
  setCredit(credit: number): void
  /**
   * Nothing is pushed any more, and others take its place where only one may consume; what it has
   * it may still settle, until `close`.
   */
  leave(): void
  /** No more deliveries; what is unsettled goes back to the queue as by `requeue`. */
  close(): Promise<void>
}

export interface QueueStats {
  name: string
  /** Ready to be delivered. */
  ready: number
  /** Delivered and not yet settled. */
  unsettled: number
  /** Waiting for their time: delayed or to be retried. */
  delayed: number
  /** Failed too often and kept here, no dead-letter queue being there. */
  parked: number
  /** Stored bytes of all of these. */
  bytes: number
  consumers: number
}

/** A change of one record; an undefined value deletes it. */
export interface RecordPut {
  /** 1 to 1,024 bytes. */
  key: string
  /** At most 1 MiB. */
  value: Uint8Array | undefined
}

/**
 * Small values by key, kept in the log beside the messages, in memory too: what those who stand on
 * the broker must remember (who is bound to what, who may do what). All together at most 64 MiB.
 */
export interface Records {
  get(key: string): Uint8Array | undefined
  /** Those whose keys begin with `prefix`, in the order in which JavaScript sorts the keys. */
  entries(prefix: string): [key: string, value: Uint8Array][]
  /**
   * All of the changes or none, in the order of the calls; durable, and shown by `get`, when it
   * resolves. All of them together at most 16 MiB. `LIMIT`, `BUSY`, `LOG_FULL`, which does not stop
   * a put that only deletes.
   */
  put(changes: readonly RecordPut[]): Promise<void>
}

/** A message looked at without being delivered. */
export interface Peeked extends Delivery {
  readonly state: 'ready' | 'unsettled' | 'delayed' | 'parked'
  /** Broker time before which it is not delivered, ms; 0 when not delayed. */
  readonly dueAt: number
  /** Why it failed here so far: the last 10 times, oldest first; `at` is broker time, ms. */
  readonly history: readonly { at: number; cause: string }[]
}

/** What opening the folder found. */
export interface RecoveryReport {
  /** True when the last owner closed the broker; else it was killed or the machine lost power. */
  cleanStop: boolean
  incarnation: number
  messages: number
  /** Entries that failed their checksum in the midst of the log: bit rot, not a crash. */
  damaged: readonly { segment: string; position: number; bytes: number }[]
  /**
   * Bytes cut off at the end of the log. After an unclean stop these were, as a rule, never
   * confirmed;
   * `tailMayHoldConfirmed` says that damage to the disk itself cannot be told apart there.
   */
  tailBytesCut: number
  tailMayHoldConfirmed: boolean
}

export interface BrokerStats {
  /** Broker time, ms: wall-clock time at start, then monotonic; never goes back. */
  time: number
  /** Bytes of all segment files. */
  logBytes: number
  /** Where the log is durable up to, bytes since its begin. */
  position: number
  segments: number
  /** Write groups since start; each is one sync. */
  groups: number
  published: number
  delivered: number
  settled: number
  /** True while publishes are refused because no segment can be allocated. */
  noSpace: boolean
}

/** A durable broker in this process. Every method rejects with a `BrokerError`. */
export interface Broker {
  readonly report: RecoveryReport
  readonly records: Records
  /** Makes the queue; no effect when it is there with equal options, else `QUEUE_MISMATCH`. */
  declareQueue(name: string, options?: QueueOptions): Promise<void>
  /**
   * From now on the queue does what these options say; what they do not name has its default.
   * Durable when it resolves. What is then too much in it gives way, as its options say; messages
   * that have come keep the queue's time to live of then. `maxPriority`, `singleActive` and
   * `weighBodies` stay as they are: named otherwise `QUEUE_MISMATCH`. `QUEUE_UNKNOWN`, of its
   * dead-letter queue too; `LOG_FULL`; `ARGUMENT` where dead letters would come back.
   */
  changeQueue(name: string, options: QueueOptions): Promise<void>
  /**
   * Removes the queue and what is in it; its consumers get no more. Returns how many messages went.
   */
  deleteQueue(name: string): Promise<number>
  /** Resolves with the message's id once it is on disk. A refusal says which limit was hit. */
  publish(message: PublishRequest): Promise<number>
  /**
   * Starts a consumer. `onDeliveries` gets one batch per turn of the event loop at most; a body is
   * the consumer's own copy.
   */
  subscribe(
    queue: string,
    options: SubscribeOptions,
    onDeliveries: (batch: Delivery[]) => void,
  ): Subscription
  /** A publisher that confirms by number. `QUEUE_UNKNOWN`, `LIMIT`. */
  publisher(options: PublisherOptions): Publisher
  /** Who decides what becomes of messages that queues with `routeDeadLetters` give up. */
  setDeadLetterRouter(router: DeadLetterRouter | undefined): void
  /** Begins a batch. One that is neither committed nor rolled back is dropped by a restart. */
  batch(): Batch
  /**
   * Stores half messages: durable, invisible until `decide`. `PREPARED_EXISTS`, and as `publish`.
   */
  prepare(request: PrepareRequest): Promise<PreparedHandle>
  /**
   * The second word: shows or drops what was prepared, by one entry of the log; durable when it
   * resolves. A repeated word is answered with what was decided. `PREPARED_UNKNOWN`.
   */
  decide(handle: PreparedHandle, outcome: 'commit' | 'rollback'): Promise<Decision>
  /**
   * A producer of `group` is there and answers askings. One is asked at a time per transaction; no
   * answer for 10 s counts as `unknown`. While none is there, askings wait and none is used up.
   */
  answerChecks(
    group: string,
    answer: (prepared: PreparedInfo) => Promise<CheckAnswer>,
  ): { close(): void }
  /**
   * Undecided transactions, oldest first; `afterVersion` to page on. Default 100, at most 1,000.
   */
  prepared(options?: { group?: string; limit?: number; afterVersion?: number }): PreparedInfo[]
  /**
   * Messages of a queue in id order, without delivering them; `afterId` to page on. Limit 1,000.
   */
  peek(queue: string, options?: { limit?: number; afterId?: number }): Promise<Peeked[]>
  /** A person's word on a message that is not unsettled: deliver it now, or remove it. */
  resolve(queue: string, id: number, action: 'deliver' | 'remove'): Promise<boolean>
  /**
   * Copies the folder, while working, to a new folder that `createBroker` can open. It holds all
   * that was confirmed before the call, and survives a power cut once this resolves. `ARGUMENT`
   * when the folder is not empty, `FOLDER_UNUSABLE` when it cannot be written.
   */
  backup(dir: string): Promise<{ bytes: number; position: number }>
  /**
   * Removes the messages of a queue that were published before and are ready, not those that are
   * unsettled, delayed or parked; durable when it resolves, with their number. A crash before that
   * may leave some of them.
   */
  purge(queue: string): Promise<number>
  queues(): QueueStats[]
  /** Undefined: there is none of that name. */
  queue(name: string): QueueStats | undefined
  stats(): BrokerStats
  /**
   * Stops deliveries, writes what waits, marks the stop as clean, lets go of the folder. Rejects
   * with
   * `LOG_FULL` when there is no room to write it; the folder is let go all the same.
   */
  close(): Promise<void>
}
