import type { AuditEntry, ParkedKind, ParkedRow, ParkedState } from '../ports/store.ts'
import type { Decision } from '../service/decision.ts'

export interface ParkedQuery {
  readonly event?: string
  readonly group?: string
  readonly key?: string
  readonly kind?: ParkedKind
  /** Default: everything unresolved. */
  readonly state?: ParkedState
  /** To page on: the last ref of the page before. */
  readonly afterRef?: number
  /** Default 100, at most 1,000. */
  readonly limit?: number
}

/**
 * Work that gave up, for a person to look at and to resolve. Each verb writes its audit row with
 * it.
 */
export interface Parked {
  /** Oldest first. */
  list(query?: ParkedQuery): Promise<ParkedRow[]>
  /** Runs it once more, in its key's order; it is parked again if it fails. */
  retry(ref: number, decision: Decision): Promise<void>
  /** Counts as done, without its effect; the producer's receipt says `skipped`. */
  skip(ref: number, decision: Decision): Promise<void>
  /** Gives up: the producer's receipt says `failed`, code `DISCARDED`. */
  discard(ref: number, decision: Decision): Promise<void>
}

/** The audit trail: what persons did. */
export interface Audit {
  /** Newest first. Default 100, at most 1,000. */
  list(options?: { limit?: number }): Promise<AuditEntry[]>
}
