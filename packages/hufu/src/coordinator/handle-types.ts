import type { Duration } from '../duration.ts'
import type { InputOf, StandardSchema } from '../schema.ts'
import type { Outcome, RunOptions, StartOptions } from './handle.ts'
import type { Sent } from './message.ts'

/**
 * What transactions of one saga or TCC are begun with. Errors: `PAYLOAD_INVALID`, `ID_REUSED`,
 * `LIMIT`, `BUSY`.
 */
export interface TransactionHandle<Tx, Foreign, Schema extends StandardSchema, Results> {
  readonly name: string
  /** Begins, and waits for the end; it goes on by itself when the wait is over. */
  run(input: InputOf<Schema>, options: RunOptions): Promise<Outcome<Results>>
  /** Stored and begun when this resolves. `repeated`: it was begun before. */
  begin(input: InputOf<Schema>, options: StartOptions): Promise<{ repeated: boolean }>
  /** Stored in the caller's transaction; begins when that is committed, or never. */
  start(
    tx: Tx | Foreign,
    input: InputOf<Schema>,
    options: StartOptions,
  ): Promise<{ repeated: boolean }>
  /** How it stands; with `wait`, when it has ended or the time is over. */
  outcome(id: string, options?: { wait?: Duration }): Promise<Outcome<Results>>
}

/** What two-phase messages of one definition are sent with. */
export interface MessageHandle<Tx, Schema extends StandardSchema, Results> {
  readonly name: string
  /**
   * Stored as prepared, then `fn` runs in a transaction of the store; its commit has the branches
   * called, its throw takes the message back and is thrown on. `wait` (default: none) for the
   * branches. Errors: as of a saga, and `FENCED`: it took so long that it was asked and taken back.
   */
  send<T>(
    input: InputOf<Schema>,
    options: RunOptions,
    fn: (tx: Tx) => Promise<T> | T,
  ): Promise<{ readonly sent: Sent<T>; readonly outcome: Outcome<Results> }>
  outcome(id: string, options?: { wait?: Duration }): Promise<Outcome<Results>>
}
