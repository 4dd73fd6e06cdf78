import type { RetryPlan } from './kind.ts'
import type { Ordered } from './order.ts'

/**
 * `step` may be undone; `query` changes nothing; `pivot` decides: when it is done, nothing is
 * undone any more; `retry` comes after the decision and is repeated until it is done.
 */
export type StepKind = 'step' | 'query' | 'pivot' | 'retry'

export interface SagaStep extends Ordered {
  readonly kind: StepKind
  /** Of its action. */
  readonly retry: RetryPlan
  /** Of its undoing. */
  readonly undoRetry: RetryPlan
  readonly hasUndo: boolean
  /** Cool-off between the moment at which it may be undone and its undoing, ms. */
  readonly undoAfterMs: number
}

/**
 * Steps in an order in which they may be done: what `after` names comes before. A pivot waits for
 * every `step` and `query`; each `retry` waits for all three.
 */
export interface SagaPlan {
  readonly steps: readonly SagaStep[]
  /** From the beginning until the decision; null: none. */
  readonly deadlineMs: number | null
}

/** It belongs to what comes before the decision, or is the decision. */
export function decides({ kind }: SagaStep): boolean {
  return kind !== 'retry'
}
