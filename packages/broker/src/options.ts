import type { Os } from '@hufu/os'
import type { BrokerError } from './errors.ts'
import type { Limits } from './limits.ts'

/** What `createBroker` takes. */
export interface BrokerOptions {
  /** Folder of the broker's files; made when missing. One process at a time may have it open. */
  dir: string
  /** The machine. Default: the real one. */
  os?: Os
  limits?: Partial<Limits>
  /**
   * Called once when the log can no longer be trusted (a failed write or sync, Law 2). The broker
   * has by then failed what waited and refuses all work. Default: the error ends the process,
   * uncaught.
   */
  onFatal?: (error: BrokerError) => void
  /** Asked by queues with `routeDeadLetters`; may be set later: `setDeadLetterRouter`. */
  deadLetter?: DeadLetterRouter
  /** Told of what a person should know and the broker can live with. Default: written to stderr. */
  onWarning?: (text: string) => void
}

/** What a queue does. All fields are stored with the queue, until `changeQueue` changes them. */
export interface QueueOptions {
  /** Waiting, delayed and unsettled messages together. Default 10,000,000. */
  maxMessages?: number
  /** Bytes of those messages as stored. Default 16 GiB. */
  maxBytes?: number
  /** Deliveries that may fail before a message is dead-lettered; 0 = no limit. Default 16. */
  maxAttempts?: number
  /**
   * What is put back counts as a failed delivery: `requeue`, and what a closing consumer leaves
   * behind. It comes again in its place once the count is on disk, and nothing else comes until
   * then; beyond `maxAttempts` it is dead-lettered, or parked. Default false.
   */
  countRequeues?: boolean
  /** First retry delay, ms; it doubles with each failure. Default 1,000. */
  retryFirstMs?: number
  /** Longest retry delay, ms. Default 600,000. */
  retryCapMs?: number
  /**
   * Queue that takes what failed too often; must be declared first. Without one such a message
   * stays here, parked: listed, not delivered, until a person resolves it.
   */
  deadLetter?: string
  /**
   * The broker's dead-letter router is asked instead, also of what expires or overflows. While
   * there is no router, `deadLetter` stands; without that one what has expired waits for the
   * router, and is not delivered. Default false.
   */
  routeDeadLetters?: boolean
  /**
   * Time to live of its messages, ms, counted as `PublishRequest.expiresMs`; the smaller one holds.
   * Default: none.
   */
  messageExpiresMs?: number
  /**
   * Most ready messages; those of others (unsettled, delayed, parked) do not count. Default: none.
   */
  maxReady?: number
  /** Most stored bytes of the ready messages, see `weighBodies`. Default: none. */
  maxReadyBytes?: number
  /**
   * Of the ready messages the bodies alone count, not what is stored with them. Such a queue has no
   * order by key. Default false.
   */
  weighBodies?: boolean
  /**
   * What gives way at these two limits. `drop-head`: the messages that would come next, when nobody
   * takes them; dead-lettered, or dropped where the queue has nowhere to send them. `reject`: the
   * publish is refused, with `QUEUE_FULL`. `reject-dead-letter`: that, and the message is
   * dead-lettered. Default `drop-head`.
   */
  overflow?: 'drop-head' | 'reject' | 'reject-dead-letter'
  /**
   * Messages come in the order of their priorities up to this one, 1 to 255; a higher one counts as
   * this. Such a queue has no order by key. Default 0: all priorities are equal.
   */
  maxPriority?: number
  /**
   * Only one consumer gets messages; when it is closed or leaves, the next does, of the highest
   * priority the one that has waited longest. Default false.
   */
  singleActive?: boolean
}

/**
 * Why a message is given up: its consumer said so · its time to live is over · the queue has more
 * than it may have · it failed too often, or killed the process.
 */
export type DeadLetterReason = 'rejected' | 'expired' | 'maxlen' | 'delivery_limit'

/** A message that a queue gives up. */
export interface GivenUp {
  queue: string
  /** Not to be changed. */
  properties: Uint8Array
  reason: DeadLetterReason
  /** Broker time, ms. */
  time: number
}

/**
 * Where it goes: to these queues, with these properties, in the same entry that takes it out of its
 * own (with no queue named it is dropped) · `park`: it stays, listed, until a person resolves it ·
 * `drop`: it is gone. Parked too where a queue is not there or full, or the router throws.
 */
export type DeadLetterRouter = (
  given: GivenUp,
) => { queues: readonly string[]; properties: Uint8Array } | 'park' | 'drop'

export interface SubscribeOptions {
  /**
   * Most unsettled deliveries at a time. Default 100, limit 65,535; with 0 nothing is pushed, and
   * `pull` is the only way to a message.
   */
  credit?: number
  /** At most one unsettled message per key at a time, in order; others flow. Default false. */
  keyOrder?: boolean
  /** Consumers with a higher one get first, while they have credit. Default 0. */
  priority?: number
  /** Nobody else may consume meanwhile, else `QUEUE_IN_USE`, now or at their `subscribe`. */
  exclusive?: boolean
  /** Nothing is pushed, whatever the credit, and it is in nobody's way. Default false. */
  pullOnly?: boolean
  /**
   * Each delivery is told at once, alone in its batch, and its body and properties are parts of the
   * broker's memory: to be read during the call only, and not to be changed. Default false: they
   * are the consumer's own, and it gets them once a turn.
   */
  views?: boolean
  /** Called soon after it has become the one consumer of a queue with `singleActive`. */
  onActive?: () => void
}
