import type { Duration } from './duration.ts'
import type { Event, EventOptions, ReceiptSchemas } from './event.ts'
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

/** One service's part in Hufu: made by `createHufu`. */
export interface Hufu<Tx, Foreign> {
  readonly service: string
  /** The store, for `store.transaction`. */
  readonly store: Store<Tx, Foreign>
  readonly parked: Parked
  readonly audit: Audit
  readonly journal: Journal
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
