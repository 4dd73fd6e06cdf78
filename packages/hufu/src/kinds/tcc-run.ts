import type { Op } from '../ports/participant.ts'
import type { Branches } from './draft.ts'
import { Draft } from './draft.ts'
import type { BaseState, Cause, RetryPlan } from './kind.ts'
import type { Ordered } from './order.ts'

export interface TccBranch extends Ordered {
  /** Of try. */
  readonly retry: RetryPlan
  /** Of confirm and of cancel. */
  readonly insist: RetryPlan
}

export interface TccPlan {
  readonly branches: readonly TccBranch[]
  /** From the beginning until all are tried; null: none. */
  readonly deadlineMs: number | null
}

export type TccPhase = 'trying' | 'confirming' | 'cancelling'

export interface TccState extends BaseState {
  readonly phase: TccPhase
  /** While trying, ms; null: none. */
  readonly deadlineAt: number | null
  readonly branches: Branches
  /** Why it is cancelled. */
  readonly reason?: Cause
}

/** A TCC transaction while an event is worked in. */
export class TccRun {
  readonly plan: TccPlan
  readonly draft: Draft
  readonly at: number
  phase: TccPhase
  deadlineAt: number | null
  reason: Cause | undefined
  stopped: Cause | undefined

  constructor(plan: TccPlan, state: TccState, at: number) {
    this.plan = plan
    this.at = at
    this.phase = state.phase
    this.deadlineAt = state.deadlineAt
    this.reason = state.reason
    this.draft = new Draft(state.branches, at, {
      retry: (branch, op) => this.#retry(branch, op),
      closing: (op) => op === 'try' && this.phase === 'cancelling',
    })
  }

  /** What must be done for every branch in this phase. */
  get op(): Op {
    return OPS[this.phase]
  }

  #retry(branch: string, op: Op): RetryPlan | undefined {
    const found = this.plan.branches.find(({ name }) => name === branch)
    if (op === 'try') return found?.retry
    return op === 'confirm' || op === 'cancel' ? found?.insist : undefined
  }
}

export const OPS: Readonly<Record<TccPhase, Op>> = {
  trying: 'try',
  confirming: 'confirm',
  cancelling: 'cancel',
}
