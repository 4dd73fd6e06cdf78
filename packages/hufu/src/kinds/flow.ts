import { isFinal, type TransactionStatus } from '../ports/transactions.ts'
import type { BranchExplanation, Cause, Decision, Event, Explanation, Kind } from './kind.ts'
import { isPerson, refuseFinal, senseless } from './person.ts'

/** Events of one choreography, which are to come within a time of the first. */
export interface FlowPlan {
  readonly steps: readonly string[]
  readonly withinMs: number
}

export interface FlowState {
  readonly status: TransactionStatus
  readonly wakeAt: number | null
  /** When each event came, ms; `succeeded` of the branch of its name says so. */
  readonly came: Readonly<Record<string, number>>
  /** Events that a person has said not to wait for. */
  readonly skipped: readonly string[]
  readonly cause?: Cause
}

/**
 * A running choreography, watched: nobody is called; what has not come in time is reported, and may
 * still come. The states: `docs/states.md`.
 */
export const flowKind: Kind<FlowPlan, FlowState> = {
  begin: ({ withinMs }, at) => ({
    status: 'running',
    wakeAt: at + withinMs,
    came: {},
    skipped: [],
  }),
  decide(plan, state, event) {
    if (isFinal(state.status)) {
      refuseFinal(event, state.status)
      return { state, calls: [] }
    }
    return { state: next(plan, state, event), calls: [] } satisfies Decision<FlowState>
  },
  explain,
  results: (_plan, { came }) => came,
}

function next(plan: FlowPlan, state: FlowState, event: Event): FlowState {
  const { at } = event
  if (event.type === 'succeeded') return arrived(plan, state, event.branch, at)
  if (event.type === 'due') return overdue(plan, state, at)
  if (!isPerson(event)) return state
  if (event.type === 'retry') return waiting(state, at + plan.withinMs)
  if (event.type === 'stop') {
    return ended(state, 'stopped', { code: 'STOPPED', detail: event.detail })
  }
  if (event.type === 'resolve') throw senseless(event, 'a flow only watches; skip what is missing')
  if (!missing(plan, state).includes(event.branch)) throw senseless(event, 'it is not missing')
  return settled(plan, { ...state, skipped: [...state.skipped, event.branch] })
}

function arrived(plan: FlowPlan, state: FlowState, step: string, at: number): FlowState {
  if (!plan.steps.includes(step) || state.came[step] !== undefined) return state
  const skipped = state.skipped.filter((name) => name !== step)
  return settled(plan, { ...state, skipped, came: { ...state.came, [step]: at } })
}

function settled(plan: FlowPlan, state: FlowState): FlowState {
  if (missing(plan, state).length > 0) return state
  return ended(state, state.skipped.length > 0 ? 'mixed' : 'committed')
}

function overdue(plan: FlowPlan, state: FlowState, at: number): FlowState {
  if (state.wakeAt === null || at < state.wakeAt) return state
  const names = missing(plan, state)
  const detail = `${names.join(', ')} did not come within ${plan.withinMs} ms`
  const cause = { code: 'STEP_MISSING', detail, branch: names[0]! }
  return { ...state, status: 'parked', wakeAt: null, cause }
}

function waiting({ cause: _, ...state }: FlowState, wakeAt: number): FlowState {
  return { ...state, status: 'running', wakeAt }
}

function ended(
  { cause: _, ...state }: FlowState,
  status: TransactionStatus,
  cause?: Cause,
): FlowState {
  return { ...state, status, wakeAt: null, ...(cause && { cause }) }
}

function missing({ steps }: FlowPlan, { came, skipped }: FlowState): string[] {
  return steps.filter((step) => came[step] === undefined && !skipped.includes(step))
}

function explain(plan: FlowPlan, state: FlowState): Explanation {
  const { status, wakeAt } = state
  const names = missing(plan, state).join(', ')
  const until = wakeAt === null ? '' : ` until ${new Date(wakeAt).toISOString()}`
  return {
    phase: names === '' ? 'complete' : 'watching',
    branches: plan.steps.map((step) => branchOf(state, step)),
    next: isFinal(status) ? 'nothing' : `waits for ${names}${until}`,
  }
}

function branchOf({ came, skipped }: FlowState, branch: string): BranchExplanation {
  const at = came[branch]
  const state = at !== undefined ? 'done' : skipped.includes(branch) ? 'skipped' : 'waiting'
  return { branch, op: null, state, attempts: at === undefined ? 0 : 1, dueAt: null, error: null }
}
