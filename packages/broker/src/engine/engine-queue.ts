import { AckQueue } from '../queue/ack-queue.ts'
import { expiresMsOf, type LifeSpan } from './life-spans.ts'
import type { StoredQueueOptions } from './queue-options.ts'

/** A queue with what the engine adds to it. */
export class EngineQueue extends AckQueue {
  #options: StoredQueueOptions
  /** Of messages that came before its time to live was changed. */
  #spans: readonly LifeSpan[] = []
  #trimmed = false
  /** It has, or had, a time to live for all messages. */
  #expires = false
  /** Taken from publishers and not yet in the queue. */
  incoming = { messages: 0, bytes: 0, bodies: 0 }
  /** Deliveries up to this id are covered by a reach entry on disk. */
  reach = 0
  /** How much was in it when it was deleted. */
  lengthAtEnd = 0
  /** Consumers of the queue. */
  consumers = 0
  /** Rows whose attempts are being written down, marked or put back: nothing goes out meanwhile. */
  marking = 0
  /**
   * Id of the row that is delivered alone; 0 = none. Nothing else goes out before it is settled.
   */
  alone = 0
  /** A purge is being written; nothing is delivered meanwhile. */
  purging = false
  /** How much the last purge took, of what just waited. */
  purged = 0
  /** It may hold messages with a time to live of their own. */
  expiring = false
  /** When it is looked at next for what expires, broker time in ms. */
  wakeAt = Number.POSITIVE_INFINITY
  /** The next row is being read from disk. */
  loading = false
  /** The highest reach that was appended, on disk or not. */
  reachAsked = 0

  constructor(number: number, name: string, options: StoredQueueOptions, asideMax: number) {
    super(number, name, asideMax, options.weighBodies)
    this.#options = options
    this.change(options, [])
  }

  get options(): StoredQueueOptions {
    return this.#options
  }

  get spans(): readonly LifeSpan[] {
    return this.#spans
  }

  /** What is too much gives way at its head. */
  get trimmed(): boolean {
    return this.#trimmed
  }

  change(options: StoredQueueOptions, spans: readonly LifeSpan[]): void {
    this.#options = options
    this.#spans = spans
    const { maxReady, maxReadyBytes, overflow, messageExpiresMs } = options
    this.#trimmed = (maxReady !== null || maxReadyBytes !== null) && overflow === 'drop-head'
    this.#expires = messageExpiresMs !== null || spans.some(({ expiresMs }) => expiresMs !== null)
  }

  /** Its time to live for this message; null: without end. */
  expiresMsOf(id: number): number | null {
    return expiresMsOf(this.#spans, id, this.#options.messageExpiresMs)
  }

  /** The level at which a message of this priority waits. */
  levelOf(priority: number): number {
    return Math.min(priority, this.options.maxPriority)
  }

  /** What is in it may expire. */
  get mayExpire(): boolean {
    return this.expiring || this.#expires
  }

  /** It is looked after also while nobody consumes from it. */
  get tended(): boolean {
    return this.mayExpire || this.trimmed
  }

  /** It has more than it may have ready, and the first ones give way. */
  get overflows(): boolean {
    if (!this.#trimmed) return false
    const { maxReady, maxReadyBytes } = this.options
    const tooMany = maxReady !== null && this.ready > maxReady
    return tooMany || (maxReadyBytes !== null && this.readyBytes > maxReadyBytes)
  }
}
