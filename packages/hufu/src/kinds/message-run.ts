import type { Branches } from './draft.ts'
import { Draft } from './draft.ts'
import type { BaseState, Cause, RetryPlan } from './kind.ts'
import type { Ordered } from './order.ts'

export interface MessageBranch extends Ordered {
  readonly retry: RetryPlan
}

export interface MessagePlan {
  readonly branches: readonly MessageBranch[]
  /** From the beginning until the first asking, ms. */
  readonly checkAfterMs: number
  /** Between an asking without a word and the next one, ms. */
  readonly checkEveryMs: number
  /** Askings without a word; then it is parked. */
  readonly askMax: number
}

/** `prepared`: the word of the local transaction is missing. */
export type MessagePhase = 'prepared' | 'calling'

export interface MessageState extends BaseState {
  readonly phase: MessagePhase
  /** The next asking, ms; null: none is due. */
  readonly askAt: number | null
  /** An asking is under way. */
  readonly asking: boolean
  /** Askings without a word. */
  readonly undecided: number
  readonly branches: Branches
}

/** A two-phase message while an event is worked in. */
export class MessageRun {
  readonly plan: MessagePlan
  readonly draft: Draft
  readonly at: number
  phase: MessagePhase
  askAt: number | null
  asking: boolean
  undecided: number
  /** To be asked after the save. */
  ask = false
  parkedBy: Cause | undefined
  ended: { readonly status: 'rolledBack' | 'stopped'; readonly cause: Cause } | undefined

  constructor(plan: MessagePlan, state: MessageState, at: number) {
    this.plan = plan
    this.at = at
    this.phase = state.phase
    this.askAt = state.askAt
    this.asking = state.asking
    this.undecided = state.undecided
    this.draft = new Draft(state.branches, at, {
      retry: (branch, op) => (op === 'action' ? this.#retry(branch) : undefined),
      closing: () => false,
    })
  }

  submit(): void {
    this.phase = 'calling'
    this.#asked()
  }

  abort(cause: Cause): void {
    this.ended = { status: 'rolledBack', cause }
    this.#asked()
  }

  stop(cause: Cause): void {
    this.ended = { status: 'stopped', cause }
    this.draft.giveUpAll()
    this.#asked()
  }

  askNow(): void {
    this.#asked()
    this.asking = true
    this.ask = true
  }

  /** False: nobody asked. */
  stayUndecided(detail: string): boolean {
    if (!this.asking) return false
    this.#asked()
    this.undecided++
    if (this.undecided < this.plan.askMax) this.askAt = this.at + this.plan.checkEveryMs
    else this.parkedBy = { code: 'UNDECIDED', detail }
    return true
  }

  #asked(): void {
    this.asking = false
    this.askAt = null
    this.draft.changed = true
  }

  #retry(branch: string): RetryPlan | undefined {
    return this.plan.branches.find(({ name }) => name === branch)?.retry
  }
}
