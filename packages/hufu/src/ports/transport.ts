/** What a transport can do by itself; where a flag is false the library supplies it. */
export interface TransportFlags {
  /** Holds a message back for a time (`delayMs`). */
  readonly delay: boolean
  /** At most one unsettled message per key, in order. */
  readonly keyOrder: boolean
  /** Counts failed deliveries durably. */
  readonly attempts: boolean
  /** Half messages. */
  readonly prepared: boolean
}

/** A message on its way out. It goes to each of `groups` once. */
export interface Outgoing {
  readonly event: string
  readonly groups: readonly string[]
  /** The event's own id, given by the user: the idempotency key. At most 255 characters. */
  readonly id: string
  /** Messages of one key keep their order. */
  readonly key?: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  /** Not delivered before this many ms have passed. Needs the flag `delay`. */
  readonly delayMs?: number
}

/**
 * What became of one message of a batch. A retriable refusal (queue full, disk full) may be tried
 * again.
 */
export type PublishOutcome = { readonly ok: true } | Refusal

export interface Refusal {
  readonly ok: false
  readonly code: string
  readonly cause: string
  readonly retriable: boolean
}

export interface Delivery {
  /** Names this delivery to `settle`; means nothing else. */
  readonly handle: number
  readonly event: string
  readonly group: string
  readonly id: string
  readonly key?: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  /** Failed deliveries before this one (flag `attempts`; else 0). */
  readonly attempts: number
  /** Why the last one failed, where that is known. */
  readonly cause?: string
  /** It may have been delivered before. */
  readonly redelivered: boolean
}

export type Settlement =
  | { readonly handle: number; readonly outcome: 'done' }
  /** Failed; comes again after `delayMs`, with one attempt more. */
  | {
      readonly handle: number
      readonly outcome: 'retry'
      readonly delayMs: number
      readonly cause: string
    }
  /** Not now; comes again after `delayMs`, attempts unchanged. */
  | { readonly handle: number; readonly outcome: 'later'; readonly delayMs: number }

export interface SubscribeRequest {
  readonly event: string
  readonly group: string
  /** Most unsettled deliveries at a time. */
  readonly credit: number
  readonly keyOrder: boolean
  readonly onDeliveries: (batch: Delivery[]) => void
  /** The subscription ended by itself (connection lost, queue gone). */
  readonly onEnd: (cause: Error) => void
}

export interface TransportSubscription {
  /** Resolves when the outcomes are stored. A handle that is not unsettled is ignored. */
  settle(batch: readonly Settlement[]): Promise<void>
  setCredit(credit: number): void
  /** No more deliveries; what is unsettled will be delivered again to somebody. */
  close(): Promise<void>
}

/** Names one prepared message; the version tells it from others of the same id. */
export interface PreparedHandle {
  readonly transactionId: string
  readonly version: number
}

export interface PrepareTerms {
  readonly transactionId: string
  /** Those who may be asked when the second word does not come. */
  readonly group: string
  /** First asking, the time between two, and how many before it is parked; else the transport's. */
  readonly firstMs?: number
  readonly everyMs?: number
  readonly max?: number
}

export type PrepareOutcome = { readonly ok: true; readonly handle: PreparedHandle } | Refusal

/** Half messages: stored and invisible until the second word, asked for when it does not come. */
export interface PreparedMessages {
  /** Code `PREPARED_EXISTS`: one of this id is undecided. */
  prepare(message: Outgoing, terms: PrepareTerms): Promise<PrepareOutcome>
  /** Durable when it resolves; a repeated word is answered with what was decided. */
  decide(
    handle: PreparedHandle,
    outcome: 'commit' | 'rollback',
  ): Promise<{ readonly outcome: 'commit' | 'rollback' }>
  /** Answers askings for the group until closed. */
  answerChecks(
    group: string,
    answer: (handle: PreparedHandle) => Promise<'commit' | 'rollback' | 'unknown'>,
  ): { close(): void }
}

/** Carries messages between services. Batch-shaped: one call, one sync, whatever the number. */
export interface Transport {
  readonly name: string
  readonly flags: TransportFlags
  /** Connects. Several users may open one transport; each open wants its own close. */
  open(): Promise<void>
  /**
   * From now on each of the groups gets every message of the event, also while it has no consumer.
   */
  declare(event: string, groups: readonly string[]): Promise<void>
  /**
   * Resolves when every message of the batch is stored or refused; outcomes in the batch's order.
   */
  publish(batch: readonly Outgoing[]): Promise<PublishOutcome[]>
  subscribe(request: SubscribeRequest): Promise<TransportSubscription>
  /** Half messages; there when the flag `prepared` is set. */
  readonly prepared?: PreparedMessages
  close(): Promise<void>
}
