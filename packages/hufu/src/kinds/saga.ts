import { isFinal, type TransactionStatus } from '../ports/transactions.ts'
import { causeOf, isStuck, takeAny, unchanged } from './draft.ts'
import { earliest } from './due.ts'
import type { Cause, Decision, Event, Kind } from './kind.ts'
import { isPerson, refuseFinal } from './person.ts'
import { resultsOf } from './results.ts'
import { goBack, isBackwardDone } from './saga-backward.ts'
import { explainSaga } from './saga-explain.ts'
import { goOn, isForwardDone, turn } from './saga-forward.ts'
import { takeWord } from './saga-person.ts'
import type { SagaPlan, SagaStep } from './saga-plan.ts'
import { SagaRun, type SagaState } from './saga-run.ts'

/**
 * Steps, each with its undoing. Before the decision a failure undoes what was done; after it
 * everything is repeated until it is done. The states: `docs/states.md`.
 */
export const sagaKind: Kind<SagaPlan, SagaState> = {
  begin: ({ deadlineMs }, at) => ({
    status: 'running',
    wakeAt: at,
    phase: 'forward',
    deadlineAt: deadlineMs === null ? null : at + deadlineMs,
    branches: {},
  }),
  decide,
  explain: explainSaga,
  results: (_plan, { branches }) => resultsOf(branches, 'action'),
}

function decide(plan: SagaPlan, state: SagaState, event: Event): Decision<SagaState> {
  if (isFinal(state.status)) {
    refuseFinal(event, state.status)
    return unchanged(state)
  }
  const run = new SagaRun(plan, state, event.at)
  if (isPerson(event)) takeWord(run, state.status, event)
  else if (!takeAny(run.draft, event)) return unchanged(state)
  if (run.stopped === undefined) advance(run)
  const next = stateOf(run)
  if (!run.draft.changed && next.wakeAt === state.wakeAt) return unchanged(state)
  return { state: next, calls: run.draft.calls }
}

function advance(run: SagaRun): void {
  turn(run)
  run.draft.callDue()
  if (run.phase === 'forward') goOn(run)
  else goBack(run)
}

function stateOf(run: SagaRun): SagaState {
  const status = statusOf(run)
  const { phase, reason, draft } = run
  const deadlineAt = phase === 'forward' && !run.decided ? run.deadlineAt : null
  const cause = causeNow(run, status)
  return {
    status,
    wakeAt: status === 'running' ? wakeAt(run, deadlineAt) : null,
    phase,
    deadlineAt,
    branches: draft.branches,
    ...(reason && { reason }),
    ...(cause && { cause }),
  }
}

function statusOf(run: SagaRun): TransactionStatus {
  if (run.stopped !== undefined) return 'stopped'
  const forward = run.phase === 'forward'
  if (forward ? isForwardDone(run) : isBackwardDone(run)) {
    if (skippedStep(run) !== undefined) return 'mixed'
    return forward ? 'committed' : 'rolledBack'
  }
  if (run.draft.moving) return 'running'
  return forward && !run.decided ? 'inDoubt' : 'parked'
}

/** A deadline that has passed is no reason to look again: the pivot's answer is waited for. */
function wakeAt({ draft, at }: SagaRun, deadlineAt: number | null): number | null {
  const { dueAt } = draft
  if (deadlineAt === null || deadlineAt <= at) return dueAt
  return earliest(dueAt, deadlineAt)
}

function causeNow(run: SagaRun, status: TransactionStatus): Cause | undefined {
  if (status === 'stopped') return run.stopped
  if (status === 'mixed') return run.reason ?? causeOfStep(run, skippedStep(run)!)
  if (status !== 'parked' && status !== 'inDoubt') return run.reason
  return causeOfStep(run, run.plan.steps.find((step) => isStuck(current(run, step)))!)
}

/** A step that a person said to be done or undone; a query changes nothing and does not count. */
function skippedStep(run: SagaRun): SagaStep | undefined {
  return run.plan.steps.find((step) => {
    return step.kind !== 'query' && current(run, step)?.state === 'skipped'
  })
}

function causeOfStep(run: SagaRun, step: SagaStep): Cause {
  return causeOf(step.name, current(run, step)!)
}

function current(run: SagaRun, step: SagaStep) {
  return run.phase === 'forward' ? run.action(step) : run.undo(step)
}
