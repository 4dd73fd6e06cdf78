import type { Duration } from './duration.ts'
import type { WeakGuard } from './inbox/guard.ts'
import type {
  ConsumeContext,
  ConsumeOptions,
  Consumer,
  WeakConsumeOptions,
} from './inbox/options.ts'
import type { PublishOptions, TransactionalOptions } from './outbox/options.ts'
import type { OpenRow } from './ports/store.ts'
import type { InputOf, OutputOf, StandardSchema } from './schema.ts'
import type { Receipt } from './service/receipt.ts'

/** For some groups, the schema of what their handler returns. */
export type ReceiptSchemas<Group extends string> = { readonly [G in Group]?: StandardSchema }

export interface EventOptions<Group extends string, Receipts extends ReceiptSchemas<Group>> {
  /** Who must hear of it, also those not started yet: each group gets each message. 1 to 100. */
  readonly groups: readonly Group[]
  /** Types of the answers; `false`: nobody answers, a message is closed when it is sent. */
  readonly receipts?: Receipts | false
  /**
   * A group that has not answered gets the message again after this time, then growing. Default 10
   * m.
   */
  readonly receiptTimeout?: Duration
}

export type ResultIn<Receipts, G> = G extends keyof Receipts
  ? Receipts[G] extends StandardSchema
    ? InputOf<Receipts[G]>
    : unknown
  : unknown

export type ResultOut<Receipts, G> = G extends keyof Receipts
  ? Receipts[G] extends StandardSchema
    ? OutputOf<Receipts[G]>
    : unknown
  : unknown

/** The strong handler: its effects, its journal row and its result commit together, once. */
export type Handler<Tx, Payload, Result> = (
  tx: Tx,
  payload: Payload,
  ctx: ConsumeContext,
) => Promise<Result> | Result

/** The weak handler: no transaction; it may run again after the guard's time to live. */
export type WeakHandler<Payload, Result> = (
  payload: Payload,
  ctx: ConsumeContext,
) => Promise<Result> | Result

export type ReceiptHandler<Tx, Payload, Result> = (
  tx: Tx,
  receipt: Receipt<Result>,
  payload: Payload,
) => Promise<void> | void

/** A kind of message, its payload and its groups typed. Made by `hufu.event`. */
export interface Event<
  Tx,
  Foreign,
  Schema extends StandardSchema,
  Group extends string,
  Receipts extends ReceiptSchemas<Group>,
> {
  readonly name: string
  readonly groups: readonly Group[]
  /**
   * Stores the message in the caller's transaction: both or neither. `repeated`: it was published
   * before, with the same body and key. Errors: `PAYLOAD_INVALID`, `ID_REUSED`, `LIMIT`.
   */
  publish(
    tx: Tx | Foreign,
    payload: InputOf<Schema>,
    options: PublishOptions,
  ): Promise<{ repeated: boolean }>
  /**
   * The transactional message: stored in the broker first, invisible; then `fn` runs in a
   * transaction of the store; its commit shows the message, a throw drops it and is thrown on. If
   * the process dies in between the broker asks back, and gets the answer that the database gives.
   * `repeated`: it was published before, `fn` did not run. No relay is in between: the message is
   * there as soon as the transaction is. Errors: as `publish`, and `IN_PROGRESS` (try again later),
   * `FENCED` (rolled back), `REFUSED`, `TRANSPORT_LACKS`.
   */
  transactional<T>(
    payload: InputOf<Schema>,
    options: TransactionalOptions,
    fn: (tx: Tx) => Promise<T> | T,
  ): Promise<{ repeated: false; result: T } | { repeated: true }>
  /**
   * Takes the group's messages. What the handler returns goes back to the producer as JSON. Its
   * transaction is open while it runs, and on SQLite that keeps every other writer of the file
   * waiting: do slow things outside, or in a `consumeWeak`.
   */
  consume<G extends Group>(
    group: G,
    handler: Handler<Tx, OutputOf<Schema>, ResultIn<Receipts, G>>,
    options?: ConsumeOptions,
  ): Consumer
  /**
   * Takes the group's messages without a journal row. The guard stops repeats only while it
   * remembers (its time to live, and for the memory guard the life of the process): have a unique
   * index behind it.
   */
  consumeWeak<G extends Group>(
    group: G,
    guard: WeakGuard,
    handler: WeakHandler<OutputOf<Schema>, ResultIn<Receipts, G>>,
    options?: WeakConsumeOptions,
  ): Consumer
  /**
   * Runs once per answer of the group, in the transaction that stores it. A throw means: again
   * later.
   */
  onReceipt<G extends Group>(
    group: G,
    handler: ReceiptHandler<Tx, OutputOf<Schema>, ResultOut<Receipts, G>>,
  ): void
  /**
   * Messages published from here that not every group has answered, oldest first; at most `limit`.
   */
  unreceipted(options?: { olderThan?: Duration; limit?: number }): Promise<OpenRow[]>
}
