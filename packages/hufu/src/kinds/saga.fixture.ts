import { sagaKind } from './saga.ts'
import type { SagaPlan, SagaStep } from './saga-plan.ts'
import type { SagaState } from './saga-run.ts'
import { RETRY, Story } from './story.fixture.ts'

type Given = Partial<SagaStep> & { readonly name: string }

/** A step after the one before it, unless it says otherwise. */
function sagaPlan(given: readonly Given[], deadlineMs: number | null = null): SagaPlan {
  const steps = given.map((step, at): SagaStep => {
    const before = given[at - 1]?.name
    const kind = step.kind ?? 'step'
    return {
      ...{ kind, hasUndo: kind === 'step', undoAfterMs: 0, retry: RETRY, undoRetry: RETRY },
      after: before === undefined ? [] : [before],
      ...step,
    }
  })
  return { steps, deadlineMs }
}

export function saga(
  given: readonly Given[],
  deadlineMs: number | null = null,
): Story<SagaPlan, SagaState> {
  return new Story(sagaKind, sagaPlan(given, deadlineMs))
}

/** reserve → charge (pivot) → ship. */
export function order(deadlineMs: number | null = null): Story<SagaPlan, SagaState> {
  const steps: Given[] = [
    { name: 'reserve' },
    { name: 'charge', kind: 'pivot' },
    { name: 'ship', kind: 'retry' },
  ]
  return saga(steps, deadlineMs)
}
