import { hasNoEffect, isDone } from './branch.ts'
import type { SagaStep } from './saga-plan.ts'
import type { SagaRun } from './saga-run.ts'

/** Undoes what may be undone now: a step after all that were done upon it. */
export function goBack(run: SagaRun): void {
  for (const step of undoable(run)) {
    if (run.undo(step) !== undefined) continue
    if (step.undoAfterMs === 0) run.draft.call(step.name, 'compensate')
    else run.draft.callLater(step.name, 'compensate', run.at + step.undoAfterMs)
  }
}

export function isBackwardDone(run: SagaRun): boolean {
  return run.plan.steps.every((step) => isGone(run, step))
}

/** Steps that have an effect upon which no other one stands. */
function undoable(run: SagaRun): SagaStep[] {
  const blocked = new Set<string>()
  const free: SagaStep[] = []
  for (const step of run.plan.steps.toReversed()) {
    const gone = isGone(run, step)
    if (!gone && !blocked.has(step.name) && run.action(step)?.state !== 'calling') free.push(step)
    if (!gone || blocked.has(step.name)) for (const name of step.after) blocked.add(name)
  }
  return free
}

/** It has no effect, or none any more. */
function isGone(run: SagaRun, step: SagaStep): boolean {
  const action = run.action(step)
  if (action === undefined || step.kind !== 'step') return true
  if (action.state === 'calling') return false
  return !step.hasUndo || hasNoEffect(action) || isDone(run.undo(step))
}
