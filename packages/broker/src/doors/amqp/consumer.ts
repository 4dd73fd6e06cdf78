import type { Delivery, Settlement, Subscription } from '../../api.ts'
import type { AmqpQueue, QueueConsumer } from './amqp-queue.ts'

/** Where deliveries of a channel come from: a consumer, or the gets from one queue. */
export interface Source {
  readonly queue: AmqpQueue
  readonly subscription: Subscription
  /** Said by the client and not yet given to the core; goes once a turn. */
  settlements: Settlement[]
  /** Deliveries that the client has not settled. */
  unacked: number
  /** No more is delivered; it goes with its last unacked delivery. */
  ended: boolean
}

/** What a consumer needs of its channel. */
export interface ConsumerHost {
  deliver(consumer: AmqpConsumer, batch: readonly Delivery[]): void
  cancelled(consumer: AmqpConsumer): void
}

/** A `basic.consume`. */
export class AmqpConsumer implements Source, QueueConsumer {
  readonly tag: string
  /** As a short string. */
  readonly tagBytes: Uint8Array
  readonly queue: AmqpQueue
  readonly noAck: boolean
  /** Unsettled deliveries at a time. */
  readonly credit: number
  subscription!: Subscription
  /** What the core was told last, of `credit`. */
  granted = 0
  settlements: Settlement[] = []
  unacked = 0
  ended = false
  readonly #host: ConsumerHost

  constructor(
    host: ConsumerHost,
    given: Pick<AmqpConsumer, 'tag' | 'tagBytes' | 'queue' | 'noAck' | 'credit'>,
  ) {
    this.#host = host
    this.tag = given.tag
    this.tagBytes = given.tagBytes
    this.queue = given.queue
    this.noAck = given.noAck
    this.credit = given.credit
  }

  queueGone(): void {
    this.#host.cancelled(this)
  }
}
