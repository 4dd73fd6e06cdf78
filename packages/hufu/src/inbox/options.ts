import type { Duration, Rate } from '../duration.ts'

export interface RetryOptions {
  /**
   * Deliveries that may fail before the message is parked; one that ends with the process counts
   * too. Default 16, at least 1.
   */
  readonly max?: number
  /** First delay and longest delay; it doubles in between. Default 1 s and 10 m. */
  readonly backoff?: readonly [Duration, Duration]
  /**
   * Spreads each delay over its upper half, so that failures do not come back together. Default
   * true.
   */
  readonly jitter?: boolean
}

/** A limit for all messages of the consumer, for each key, or both. Applies in this process. */
export type RateOptions = Rate | { readonly group?: Rate; readonly perKey?: Rate }

export interface WeakConsumeOptions {
  /**
   * `by-key`: messages of a key one after another, in order; keys in parallel. Default: no order.
   */
  readonly order?: 'by-key'
  /** Handlers at a time in this process. Default 16. */
  readonly concurrency?: number
  readonly rate?: RateOptions
  readonly retry?: RetryOptions
  /** Longest time of one handler; then its signal aborts and it counts as failed. Default 5 s. */
  readonly timeout?: Duration
}

export interface ConsumeOptions extends WeakConsumeOptions {
  /**
   * When retries are used up. `park-message` (default): the message is parked, its key goes on.
   * `park-key` (needs `order: 'by-key'`): later messages of the key wait behind it, in order.
   */
  readonly exhausted?: 'park-message' | 'park-key'
}

export interface ConsumeContext {
  readonly event: string
  readonly group: string
  readonly id: string
  readonly key: string | undefined
  /** 1 at the first delivery. */
  readonly attempt: number
  readonly headers: Readonly<Record<string, string>>
  /** Aborts at the deadline, or when the service stops and cannot wait longer. */
  readonly signal: AbortSignal
  /** Wall-clock time, ms, at which the handler's transaction is rolled back. */
  readonly deadline: number
}

export interface ConsumerStats {
  readonly event: string
  readonly group: string
  /** Handlers at work, and messages held here that wait for one. */
  readonly running: number
  readonly waiting: number
  /**
   * Since start: handled, answered from the journal, failed deliveries, business failures, parked.
   */
  readonly done: number
  readonly repeated: number
  readonly retried: number
  readonly failed: number
  readonly parked: number
  readonly paused: boolean
}

/** One group's consumer in this process; everything about it may change while it runs. */
export interface Consumer {
  setConcurrency(handlers: number): void
  /** `undefined`: no limit. */
  setRate(rate: RateOptions | undefined): void
  /** Takes no more messages; those at work finish. */
  pause(): void
  resume(): void
  stats(): ConsumerStats
}
