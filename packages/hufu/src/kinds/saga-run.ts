import type { Op } from '../ports/participant.ts'
import type { Operation } from './branch.ts'
import { isDone } from './branch.ts'
import type { Branches } from './draft.ts'
import { Draft } from './draft.ts'
import type { BaseState, Cause, RetryPlan } from './kind.ts'
import type { SagaPlan, SagaStep } from './saga-plan.ts'
import { decides } from './saga-plan.ts'

/** `forward` does the steps, `backward` undoes them. */
export type SagaPhase = 'forward' | 'backward'

export interface SagaState extends BaseState {
  readonly phase: SagaPhase
  /** Until the decision, ms; null: none, or it matters no more. */
  readonly deadlineAt: number | null
  readonly branches: Branches
  /** Why it turned back. */
  readonly reason?: Cause
}

/** A saga while an event is worked in. */
export class SagaRun {
  readonly plan: SagaPlan
  readonly draft: Draft
  readonly at: number
  phase: SagaPhase
  deadlineAt: number | null
  reason: Cause | undefined
  stopped: Cause | undefined

  constructor(plan: SagaPlan, state: SagaState, at: number) {
    this.plan = plan
    this.at = at
    this.phase = state.phase
    this.deadlineAt = state.deadlineAt
    this.reason = state.reason
    this.draft = new Draft(state.branches, at, {
      retry: (branch, op) => this.#retry(branch, op),
      closing: (op) => op === 'action' && this.phase === 'backward',
    })
  }

  action({ name }: SagaStep): Operation | undefined {
    return this.draft.get(name, 'action')
  }

  undo({ name }: SagaStep): Operation | undefined {
    return this.draft.get(name, 'compensate')
  }

  get pivot(): SagaStep | undefined {
    return this.plan.steps.find((step) => step.kind === 'pivot')
  }

  /** What comes before is done: nothing is undone any more. */
  get decided(): boolean {
    return this.plan.steps.every((step) => !decides(step) || isDone(this.action(step)))
  }

  step(name: string): SagaStep | undefined {
    return this.plan.steps.find((step) => step.name === name)
  }

  #retry(branch: string, op: Op): RetryPlan | undefined {
    const step = this.step(branch)
    if (op === 'action') return step?.retry
    return op === 'compensate' ? step?.undoRetry : undefined
  }
}
