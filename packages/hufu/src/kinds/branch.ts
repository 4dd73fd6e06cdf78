import type { Event, RetryPlan } from './kind.ts'

/**
 * `waiting`: not called yet. `calling`: a call is under way. `retrying`: called again at `dueAt`.
 * `done`, `refused`: as the participant said. `exhausted`: no attempt is left, or no time; it may
 * have taken effect. `unknown`: given up without a word; it may have taken effect. `skipped`: a
 * person said that it counts as done.
 */
export type OperationState =
  | 'waiting'
  | 'calling'
  | 'retrying'
  | 'done'
  | 'refused'
  | 'exhausted'
  | 'unknown'
  | 'skipped'

/** The life of one operation (`action`, `compensate`, …) of a branch. Stored as JSON. */
export interface Operation {
  readonly state: OperationState
  /** Calls made, the last attempt's number. */
  readonly calls: number
  /** Attempts used up, since the first or since a person's retry. */
  readonly failures: number
  /** How often a person had it tried again after a refusal; missing: never. */
  readonly round?: number
  /** When it is called (`waiting`, `retrying`), ms. */
  readonly dueAt?: number
  /** The outcome of some call was never heard: a refusal of another one does not undo that. */
  readonly unsure?: true
  readonly result?: unknown
  /** Of the last failure. */
  readonly error?: OperationError
}

export interface OperationError {
  readonly code: string
  readonly detail: string
  readonly data?: unknown
}

/** What came of a call. */
export type Outcome = Extract<Event, { type: 'succeeded' | 'refused' | 'later' | 'errored' }>

/** `later(0)` must not spin. */
const LATER_MIN_MS = 10

const MAY_SUCCEED: ReadonlySet<OperationState> = new Set(['calling', 'retrying', 'exhausted'])

/** Called, for the first time or again. */
export function calledAgain(operation: Operation | undefined): Operation {
  if (operation === undefined) return { state: 'calling', calls: 1, failures: 0 }
  const { dueAt: _, ...rest } = operation
  return { ...rest, state: 'calling', calls: operation.calls + 1 }
}

/** Not called before `dueAt`. */
export function calledAt(dueAt: number): Operation {
  return { state: 'waiting', calls: 0, failures: 0, dueAt }
}

/**
 * What an operation becomes by the outcome of a call; itself when it is not open for that.
 * `closing`: nobody wants it any more, but a call under way is still listened to.
 */
export function heard(
  operation: Operation,
  event: Outcome,
  retry: RetryPlan,
  closing: boolean,
): Operation {
  if (event.type === 'succeeded') return succeeded(operation, event.result, closing)
  const { attempt = operation.calls } = event
  if (attempt !== operation.calls) return operation
  if (event.type === 'refused') return refused(operation, event)
  if (operation.state !== 'calling') return operation
  if (event.type === 'errored') {
    const delayMs = backoffMs(operation.failures + 1, retry, event.random)
    return unheard(operation, event.detail, retry, closing, event.at + delayMs)
  }
  if (closing) return givenUp(operation)
  return { ...operation, state: 'retrying', dueAt: event.at + Math.max(event.ms, LATER_MIN_MS) }
}

/** Its coordinator has ended: what came of the call under way is not known. */
export function orphaned(
  operation: Operation,
  at: number,
  retry: RetryPlan,
  closing: boolean,
): Operation {
  if (operation.state !== 'calling') return operation
  return unheard(operation, 'its coordinator ended before the answer', retry, closing, at)
}

/** No further call, outcome open. */
export function givenUp(operation: Operation): Operation {
  const { dueAt: _, ...rest } = operation
  return { ...rest, state: 'unknown' }
}

/** Called again at once, with all attempts anew. */
export function reopened(operation: Operation, at: number): Operation {
  if (operation.state === 'calling') return { ...operation, failures: 0 }
  const { error: _, ...rest } = operation
  const again = { ...rest, state: 'retrying', failures: 0, dueAt: at } as const
  return operation.state === 'refused' ? { ...again, round: (operation.round ?? 0) + 1 } : again
}

/** Counts as done by a person's word. */
export function skipped(operation: Operation, detail: string): Operation {
  const { dueAt: _, ...rest } = operation
  return { ...rest, state: 'skipped', error: { code: 'SKIPPED', detail } }
}

/** No attempt is left, or no time. */
export function exhausted(operation: Operation, code: string, detail: string): Operation {
  const { dueAt: _, ...rest } = operation
  return { ...rest, state: 'exhausted', error: { code, detail } }
}

export function isDone(operation: Operation | undefined): boolean {
  return operation?.state === 'done' || operation?.state === 'skipped'
}

/** Refused, and no call of it has an open outcome: it is certain that it has no effect. */
export function hasNoEffect(operation: Operation | undefined): boolean {
  if (operation === undefined || operation.calls === 0) return true
  return operation.state === 'refused' && operation.unsure !== true
}

/** A call is under way, or will be made by itself. */
export function isMoving({ state }: Operation): boolean {
  return state === 'calling' || state === 'retrying' || state === 'waiting'
}

/** Doubling from `firstMs` up to `capMs`, drawn from the upper half. */
function backoffMs(failures: number, { firstMs, capMs }: RetryPlan, random: number): number {
  const delay = Math.min(firstMs * 2 ** Math.min(failures - 1, 40), capMs)
  return Math.round(delay * (0.5 + random / 2))
}

function succeeded(operation: Operation, result: unknown, closing: boolean): Operation {
  const open = closing ? operation.state === 'calling' : MAY_SUCCEED.has(operation.state)
  if (!open) return operation
  const { calls, failures } = operation
  return { state: 'done', calls, failures, ...(result !== undefined && { result }) }
}

/** Also of the last call while it waits for the next: a reply by message may take its time. */
function refused(
  operation: Operation,
  { code, detail, data }: Extract<Outcome, { type: 'refused' }>,
): Operation {
  if (operation.state !== 'calling' && operation.state !== 'retrying') return operation
  const { dueAt: _, ...rest } = operation
  return { ...rest, state: 'refused', error: errorOf(code, detail, data) }
}

function unheard(
  operation: Operation,
  detail: string,
  retry: RetryPlan,
  closing: boolean,
  dueAt: number,
): Operation {
  const failures = operation.failures + 1
  const failed: Operation = { ...operation, failures, unsure: true }
  const error = { code: 'ERROR', detail }
  if (closing) return { ...failed, state: 'unknown', error }
  if (failures >= retry.max) return exhausted(failed, 'EXHAUSTED', detail)
  return { ...failed, state: 'retrying', dueAt, error }
}

function errorOf(code: string, detail: string, data: unknown): OperationError {
  return data === undefined ? { code, detail } : { code, detail, data }
}
