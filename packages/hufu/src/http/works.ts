import { HufuError } from '../errors.ts'
import type { Op } from '../ports/participant.ts'
import type { TransactionKind } from '../ports/transactions.ts'

/** What a work is told of its call. */
export interface CallContext {
  /** Of the global transaction, as its service names it. */
  readonly id: string
  /** The same among those of all services, as it stands in the barrier's table. */
  readonly gid: string
  readonly kind: TransactionKind
  readonly branch: string
  readonly op: Op
  /** From 1, as the caller counts; 1 where he does not say. */
  readonly attempt: number
  /** Of the request, names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** A refusal decides: it is remembered, and repeats of the call are refused too. */
  readonly refusalLasts: boolean
  /** Aborted when the caller has gone; what was begun may go on, his repeat gets its result. */
  readonly signal: AbortSignal
}

// Methods, so that a work may say what its input is; nothing has looked whether it is that.

/** The works of a branch of a saga or of a two-phase message. */
export interface SagaWorks<Tx> {
  action(tx: Tx, input: unknown, ctx: CallContext): unknown
  /** `result`: what `action` returned. Missing: calls of it are refused with 400. */
  compensate?(tx: Tx, input: unknown, result: unknown, ctx: CallContext): unknown
}

/** The works of a branch of a TCC; `result`: what `try` returned. */
export interface TccWorks<Tx> {
  try(tx: Tx, input: unknown, ctx: CallContext): unknown
  confirm(tx: Tx, input: unknown, result: unknown, ctx: CallContext): unknown
  cancel(tx: Tx, input: unknown, result: unknown, ctx: CallContext): unknown
}

/**
 * What a participant does, each in a transaction of its store: returns its result (JSON), throws
 * `fail()` or `later()`, or anything else when it is to be tried again.
 */
export type ParticipantWorks<Tx> = SagaWorks<Tx> | TccWorks<Tx>

/** Participants by name, as they are looked up. */
export type Works = ReadonlyMap<string, Readonly<Record<string, Work | undefined>>>
type Work = (...args: unknown[]) => unknown

/** Refuses participants whose works are missing: `ARGUMENT`. */
export function worksOf<Tx>(participants: Readonly<Record<string, ParticipantWorks<Tx>>>): Works {
  const works = new Map(Object.entries(participants)) as unknown as Works
  for (const [name, each] of works) {
    const ops = 'try' in each ? ['try', 'confirm', 'cancel'] : ['action']
    for (const op of ops) {
      if (typeof each[op] === 'function') continue
      throw new HufuError('ARGUMENT', `Making a participant: ${name} has no function "${op}"`)
    }
  }
  return works
}
