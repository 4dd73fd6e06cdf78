import { explainBranch, nextOf, type Shown } from './explain.ts'
import type { Explanation } from './kind.ts'
import type { SagaPlan, SagaStep } from './saga-plan.ts'
import type { SagaState } from './saga-run.ts'

export function explainSaga({ steps }: SagaPlan, state: SagaState): Explanation {
  const shown = steps.map((step) => shownStep(state, step))
  const branches = shown.map(explainBranch)
  if (state.phase === 'forward') {
    return { phase: 'acting', branches, next: nextOf(state, shown, 'action') }
  }
  return { phase: 'compensating', branches, next: nextOf(state, shown, 'compensate') }
}

/** On the way back its undoing counts, where there is one. */
function shownStep({ branches, phase }: SagaState, { name }: SagaStep): Shown {
  const operations = Object.hasOwn(branches, name) ? branches[name] : undefined
  const undo = phase === 'backward' ? operations?.compensate : undefined
  const op = undo === undefined ? 'action' : 'compensate'
  return { branch: name, op, operation: undo ?? operations?.action }
}
