import type { Command, CommandOptions } from './command.ts'
import type { MessageHandle, TransactionHandle } from './coordinator/handle-types.ts'
import type {
  ExplainedTransaction,
  TransactionInfo,
  Transactions,
} from './coordinator/transactions.ts'
import type { Duration } from './duration.ts'
import type { Event, EventOptions, ReceiptSchemas } from './event.ts'
import type { FlowEvent, FlowOptions } from './flow.ts'
import type { DecisionOptions } from './kinds/definition-options.ts'
import type { MessageBranches, MessageDefinition, MessageOptions } from './kinds/message-builder.ts'
import type { SagaDefinition, SagaSteps } from './kinds/saga-types.ts'
import type { TccBranches, TccDefinition } from './kinds/tcc-builder.ts'
import type { HufuStats } from './options.ts'
import type { Audit, Parked } from './parked/parked.ts'
import type { JournalEntry, JournalFilter, JournalKey, Store } from './ports/store.ts'
import type { StandardSchema } from './schema.ts'

/** The journal of what took effect here, for reconciliation. */
export interface Journal {
  find(key: JournalKey): Promise<JournalEntry | undefined>
  /** Newest first; `limit` default 100, at most 1,000. */
  list(filter?: Partial<JournalFilter>): Promise<JournalEntry[]>
}

/** A choreography that is watched: its keys are global transactions of the kind `flow`. */
export interface Flow {
  readonly name: string
  /** What came for this key and what is awaited; undefined: nothing came yet. */
  explain(key: string): Promise<ExplainedTransaction | undefined>
  /** Keys for which something did not come in time, oldest first; `limit` default 100. */
  overdue(options?: { limit?: number }): Promise<TransactionInfo[]>
}

interface Built<Definition> {
  build(): Definition
}

/** One service's part in Hufu: made by `createHufu`. */
export interface Hufu<Tx, Foreign> {
  readonly service: string
  /** The store, for `store.transaction`. */
  readonly store: Store<Tx, Foreign>
  readonly parked: Parked
  readonly audit: Audit
  readonly journal: Journal
  /** The global transactions in the store: look, explain, decide. */
  readonly transactions: Transactions
  /** Defines an event; once per name and process. May be called before or after `start`. */
  event<
    Schema extends StandardSchema,
    const Group extends string,
    const Receipts extends ReceiptSchemas<Group> = Record<never, never>,
  >(
    name: string,
    schema: Schema,
    options: EventOptions<Group, Receipts>,
  ): Event<Tx, Foreign, Schema, Group, Receipts>
  /**
   * Defines a saga; once per name and process, as the two below. `steps` adds them to the saga that
   * it is given: `(order) => order.step(…).pivot(…).retry(…)`.
   */
  saga<Schema extends StandardSchema, Results>(
    name: string,
    schema: Schema,
    steps: (
      begin: SagaSteps<Tx, Schema, Record<never, never>>,
    ) => Built<SagaDefinition<Tx, Schema, Results, boolean>>,
    options?: DecisionOptions,
  ): TransactionHandle<Tx, Foreign, Schema, Results>
  /** Defines a TCC: `(transfer) => transfer.branch('out', { try, confirm, cancel })`. */
  tcc<Schema extends StandardSchema, Results>(
    name: string,
    schema: Schema,
    branches: (
      begin: TccBranches<Tx, Schema, Record<never, never>>,
    ) => Built<TccDefinition<Tx, Schema, Results>>,
    options?: DecisionOptions,
  ): TransactionHandle<Tx, Foreign, Schema, Results>
  /** Defines a two-phase message: `(paid) => paid.to('points', { do: http(url) })`. */
  message<Schema extends StandardSchema, Results>(
    name: string,
    schema: Schema,
    branches: (
      begin: MessageBranches<Tx, Schema, Record<never, never>>,
    ) => Built<MessageDefinition<Tx, Schema, Results>>,
    options?: MessageOptions,
  ): MessageHandle<Tx, Schema, Results>
  /**
   * Defines a command by message, in the service that sends it and in the one that carries it out:
   * a step's participant, its reply being a receipt. For an undoing define one of its own.
   */
  command<In extends StandardSchema, Out extends StandardSchema = StandardSchema>(
    name: string,
    options: CommandOptions<In, Out>,
  ): Command<Tx, In, Out>
  /**
   * Watches a choreography: these events are to come for each key, all within a time of the first.
   * Each event must name the group `flow.NAME` among its groups. What does not come is parked and
   * alerted, and may still come. Note: a flow follows what this service's database is told; run it
   * in one service.
   */
  flow(name: string, events: readonly FlowEvent[], options: FlowOptions): Flow
  /** Opens store and transport, declares the events, starts relay and consumers. */
  start(): Promise<void>
  /**
   * Takes nothing new, waits up to `drainMs` (default 5 s) for handlers at work, then aborts their
   * signals and rolls them back, then closes. What is not done comes again after the next start.
   */
  stop(options?: { drainMs?: Duration }): Promise<void>
  /** Tells the relay that a transaction of the user's own connection has committed messages. */
  wake(): void
  stats(): Promise<HufuStats>
}
