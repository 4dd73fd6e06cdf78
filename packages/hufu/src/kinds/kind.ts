import type { Op } from '../ports/participant.ts'
import type { TransactionStatus } from '../ports/transactions.ts'

/*
 * A kind of global transaction is pure: `decide(plan, state, event)` says what the state becomes
 * and whom to call. The coordinator saves the state before it makes the calls, and tells what came
 * of them as the next event. Nothing here knows a clock, a store or chance: time and randomness are
 * in the event.
 */

/** How a call is repeated. All times in ms. */
export interface RetryPlan {
  /** Calls in all; the last failing one exhausts the branch. */
  readonly max: number
  readonly firstMs: number
  readonly capMs: number
}

/** A call to make once the state is saved. */
export interface Call {
  readonly branch: string
  readonly op: Op
  /** From 1, rising with each call of this op: durable before the call. */
  readonly attempt: number
  /** See `ParticipantRequest`. */
  readonly round?: number
}

/** Everything that can happen. `at`: store's time, ms. `random`: 0 up to 1, for jitter. */
export type Event = { readonly at: number; readonly random: number } & (
  | { readonly type: 'started' }
  /** Somebody took it over after a crash or a lost lease: calls may be under way unheard. */
  | { readonly type: 'recovered' }
  /** A time of `wakeAt` has come. */
  | { readonly type: 'due' }
  | ({ readonly type: 'succeeded'; readonly result?: unknown } & CallRef)
  /** A business failure (`fail(code)`): it has no effect, and repeating it will not help. */
  | ({
      readonly type: 'refused'
      readonly code: string
      readonly detail: string
      readonly data?: unknown
    } & CallRef)
  /** Still working (`later(ms)`): asked again then; no attempt is used up. */
  | ({ readonly type: 'later'; readonly ms: number } & CallRef)
  /** Anything else, a timeout included: it may have taken effect. */
  | ({ readonly type: 'errored'; readonly detail: string } & CallRef)
  /** Two-phase message: the local transaction's word, from the sender or from the check-back. */
  | { readonly type: 'submitted' }
  | { readonly type: 'aborted'; readonly detail: string }
  /** The check-back could not tell yet. */
  | { readonly type: 'undecided'; readonly detail: string }
  /** A person: try again now what waits or is parked, with all attempts anew. */
  | { readonly type: 'retry' }
  /** A person: make no further call, ever. */
  | { readonly type: 'stop'; readonly detail: string }
  /** A person: go for this end from here on. `skip`: the branch's open operation counts as done. */
  | { readonly type: 'resolve'; readonly to: 'commit' | 'rollback' }
  | { readonly type: 'skip'; readonly branch: string; readonly detail: string }
)

/** Whose outcome it is. Of a call before the last one, only success is heard. */
export interface CallRef {
  readonly branch: string
  readonly op: Op
  /** Of the call; default: the last. */
  readonly attempt?: number
}

/** A person's word. The kind throws `GLOBAL_STATE` where it makes no sense. */
export type PersonType = 'retry' | 'stop' | 'resolve' | 'skip'

/** What the coordinator sees of a state; a kind adds its own. It is stored as JSON. */
export interface BaseState {
  readonly status: TransactionStatus
  /** When somebody must look at it although nothing happened, ms; null: not by itself. */
  readonly wakeAt: number | null
  /** Why it did not commit, or why it is parked. */
  readonly cause?: Cause
}

export interface Cause {
  /** Such as `NO_STOCK` (the participant's), `EXHAUSTED`, `DEADLINE`. */
  readonly code: string
  readonly detail: string
  readonly branch?: string
  readonly data?: unknown
}

export interface Decision<State extends BaseState> {
  readonly state: State
  /** To be made after the state is saved, in any order, at the same time. */
  readonly calls: readonly Call[]
  /** The two-phase message's check-back is to be asked, after the save. */
  readonly ask?: boolean
}

export interface Kind<Plan, State extends BaseState> {
  /**
   * The state of a new transaction; `at`: store's time. It has made no call yet: the first event,
   * `started`, `due` or `recovered`, begins it.
   */
  begin(plan: Plan, at: number): State
  decide(plan: Plan, state: State, event: Event): Decision<State>
  /** What is next, and when, for a person. */
  explain(plan: Plan, state: State): Explanation
  /** What the finished branches returned, by name. */
  results(plan: Plan, state: State): Readonly<Record<string, unknown>>
}

export interface Explanation {
  /** Such as `compensating`. */
  readonly phase: string
  readonly branches: readonly BranchExplanation[]
  /** Plain words: `calls charge again at …`. */
  readonly next: string
}

export interface BranchExplanation {
  readonly branch: string
  readonly op: Op | null
  /** Such as `done`, `waiting`, `calling`, `retrying`, `refused`, `exhausted`. */
  readonly state: string
  readonly attempts: number
  readonly dueAt: number | null
  readonly error: string | null
}
