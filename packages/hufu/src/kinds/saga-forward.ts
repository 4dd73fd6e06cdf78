import { isDone, isMoving } from './branch.ts'
import { causeOf, isStuck } from './draft.ts'
import type { Cause } from './kind.ts'
import { allDone, isReady } from './order.ts'
import type { SagaStep } from './saga-plan.ts'
import type { SagaRun } from './saga-run.ts'

/** Turns back where a step before the decision has failed, or where the time is over. */
export function turn(run: SagaRun): void {
  if (run.phase !== 'forward' || run.decided) return
  const cause = failure(run) ?? lateness(run)
  if (cause !== undefined) turnBack(run, cause)
}

/** From here on nothing new is done. What is under way is waited for: it is undone after it. */
export function turnBack(run: SagaRun, cause: Cause): void {
  run.phase = 'backward'
  run.reason = cause
  run.deadlineAt = null
  run.draft.changed = true
  for (const step of run.plan.steps) {
    const action = run.action(step)
    if (action === undefined || !isMoving(action)) continue
    if (step.kind === 'query' || action.state !== 'calling') run.draft.giveUp(step.name, 'action')
  }
}

/** Calls what is ready. */
export function goOn(run: SagaRun): void {
  const { decided } = run
  for (const step of run.plan.steps) {
    if (run.action(step) === undefined && mayBegin(run, step, decided)) {
      run.draft.call(step.name, 'action')
    }
  }
}

export function isForwardDone(run: SagaRun): boolean {
  return allDone(run.draft, run.plan.steps, 'action')
}

function mayBegin(run: SagaRun, step: SagaStep, decided: boolean): boolean {
  if (step.kind === 'retry' && !decided) return false
  if (step.kind === 'pivot') return run.plan.steps.every((each) => isBefore(run, each))
  return isReady(run.draft, step, 'action')
}

/** It does not hold up the pivot. */
function isBefore(run: SagaRun, step: SagaStep): boolean {
  return step.kind === 'pivot' || step.kind === 'retry' || isDone(run.action(step))
}

function failure(run: SagaRun): Cause | undefined {
  for (const step of run.plan.steps) {
    const action = run.action(step)
    if (step.kind === 'retry' || action === undefined || !isStuck(action)) continue
    // A pivot that may have happened is a doubt, no failure.
    if (step.kind === 'pivot' && action.state === 'exhausted') continue
    return causeOf(step.name, action)
  }
  return undefined
}

function lateness(run: SagaRun): Cause | undefined {
  const { deadlineAt, pivot } = run
  if (deadlineAt === null || run.at < deadlineAt) return undefined
  const detail = 'it was not decided in time'
  const action = pivot && run.action(pivot)
  if (!action) return { code: 'DEADLINE', detail }
  if (action.state === 'retrying') run.draft.exhaust(pivot.name, 'action', 'DEADLINE', detail)
  return undefined
}
