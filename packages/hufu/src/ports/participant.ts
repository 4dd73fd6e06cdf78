import type { TransactionKind } from './transactions.ts'

/** What a participant is asked to do; dtm's words. */
export type Op = 'action' | 'compensate' | 'try' | 'confirm' | 'cancel'

/** What a participant is told with each call. */
export interface ParticipantRequest<In = unknown, Result = unknown> {
  /** Of the global transaction, as its service names it. */
  readonly id: string
  /**
   * The same among those of all services: `SERVICE/ID`. With `branch` and `op` it is the
   * idempotency key of the call, and the barrier's `gid`. Default: `id`.
   */
  readonly gid?: string
  readonly kind: TransactionKind
  /** Name of the definition. */
  readonly name: string
  readonly branch: string
  readonly op: Op
  /** From 1. */
  readonly attempt: number
  /**
   * How often a person had the operation tried again after it was refused; missing: never. A
   * participant that remembers refusals does so for each round.
   */
  readonly round?: number
  readonly input: In
  /** For an undoing: what the operation returned, if it is known. */
  readonly result: Result | undefined
  /** What the branches that are done returned, by name. */
  readonly results: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string>>
  /**
   * A refusal of this call decides the transaction: whoever repeats the call, however late, must be
   * refused too. Not so where a person may have it tried again.
   */
  readonly refusalLasts?: boolean
  /** Aborted when the call takes too long: its outcome is then taken for unknown. */
  readonly signal: AbortSignal
}

/**
 * Who does the work of a branch. Returns its result (JSON); throws `fail()` when it cannot be done,
 * `later()` when it is not done yet, anything else when it is to be tried again.
 */
export interface Participant<In = unknown, Out = unknown> {
  /** Such as `local`, `http`. */
  readonly kind: string
  // A method, so that a participant for a wider input fits.
  call(request: ParticipantRequest<In, Out>): Promise<Out>
}
