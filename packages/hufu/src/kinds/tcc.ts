import { isFinal, type TransactionStatus } from '../ports/transactions.ts'
import { hasNoEffect, isDone, isMoving } from './branch.ts'
import { causeOf, isOpen, isStuck, takeAny, unchanged } from './draft.ts'
import { earliest } from './due.ts'
import { explainBranch, nextOf, type Shown } from './explain.ts'
import type { Cause, Decision, Event, Explanation, Kind } from './kind.ts'
import { allDone, callReady } from './order.ts'
import { isPerson, refuseFinal, senseless, type Word } from './person.ts'
import { resultsOf } from './results.ts'
import { OPS, type TccBranch, type TccPlan, TccRun, type TccState } from './tcc-run.ts'

/**
 * Every branch is tried; when all are, all are confirmed; else all that were tried are cancelled.
 * Never both. The states: `docs/states.md`.
 */
export const tccKind: Kind<TccPlan, TccState> = {
  begin: ({ deadlineMs }, at) => ({
    status: 'running',
    wakeAt: at,
    phase: 'trying',
    deadlineAt: deadlineMs === null ? null : at + deadlineMs,
    branches: {},
  }),
  decide,
  explain,
  results: (_plan, { branches }) => resultsOf(branches, 'try'),
}

function decide(plan: TccPlan, state: TccState, event: Event): Decision<TccState> {
  if (isFinal(state.status)) {
    refuseFinal(event, state.status)
    return unchanged(state)
  }
  const run = new TccRun(plan, state, event.at)
  if (isPerson(event)) takeWord(run, state.status, event)
  else if (!takeAny(run.draft, event)) return unchanged(state)
  if (run.stopped === undefined) advance(run)
  return run.draft.changed ? { state: stateOf(run), calls: run.draft.calls } : unchanged(state)
}

function advance(run: TccRun): void {
  const { draft, plan } = run
  if (run.phase === 'trying') turn(run)
  draft.callDue()
  if (run.phase !== 'cancelling') return callReady(draft, asked(run), run.op)
  for (const branch of plan.branches) {
    const { name } = branch
    if (isToCancel(run, branch) && !draft.get(name, 'cancel')) draft.call(name, 'cancel')
  }
}

/** Order counts for the tries only. */
function asked({ plan, phase }: TccRun): readonly { name: string; after: readonly string[] }[] {
  if (phase === 'trying') return plan.branches
  return plan.branches.map(({ name }) => ({ name, after: [] }))
}

/** All are tried: confirm. One cannot be, or it is too late: cancel. */
function turn(run: TccRun): void {
  const { plan, draft, deadlineAt, at } = run
  if (allDone(draft, plan.branches, 'try')) {
    run.phase = 'confirming'
    draft.changed = true
    return
  }
  const failed = plan.branches.find(({ name }) => isStuck(draft.get(name, 'try')))
  if (failed !== undefined) cancel(run, causeOf(failed.name, draft.get(failed.name, 'try')!))
  else if (deadlineAt !== null && deadlineAt <= at) {
    cancel(run, { code: 'DEADLINE', detail: 'not all was tried in time' })
  }
}

/** A try under way is waited for: its cancel comes after it. */
function cancel(run: TccRun, cause: Cause): void {
  const { plan, draft } = run
  run.phase = 'cancelling'
  run.reason = cause
  draft.changed = true
  for (const { name } of plan.branches) {
    const tried = draft.get(name, 'try')
    if (tried && isMoving(tried) && tried.state !== 'calling') draft.giveUp(name, 'try')
  }
}

/** It was tried, perhaps in vain, and no try is under way. */
function isToCancel({ draft }: TccRun, { name }: TccBranch): boolean {
  const tried = draft.get(name, 'try')
  return !hasNoEffect(tried) && tried?.state !== 'calling'
}

function isOver(run: TccRun): boolean {
  const { plan, draft } = run
  if (run.phase !== 'cancelling') {
    return run.phase === 'confirming' && allDone(draft, plan.branches, 'confirm')
  }
  return plan.branches.every(({ name }) => {
    return hasNoEffect(draft.get(name, 'try')) || isDone(draft.get(name, 'cancel'))
  })
}

function stateOf(run: TccRun): TccState {
  const { phase, draft, reason } = run
  const status = statusOf(run)
  const deadlineAt = phase === 'trying' ? run.deadlineAt : null
  const cause = causeNow(run, status)
  return {
    status,
    wakeAt: status === 'running' ? earliest(draft.dueAt, deadlineAt) : null,
    phase,
    deadlineAt,
    branches: draft.branches,
    ...(reason && { reason }),
    ...(cause && { cause }),
  }
}

function statusOf(run: TccRun): TransactionStatus {
  if (run.stopped !== undefined) return 'stopped'
  if (!isOver(run)) return run.draft.moving ? 'running' : 'parked'
  if (withState(run, 'skipped') !== undefined) return 'mixed'
  return run.phase === 'confirming' ? 'committed' : 'rolledBack'
}

function causeNow(run: TccRun, status: TransactionStatus): Cause | undefined {
  if (status === 'stopped') return run.stopped
  if (status === 'mixed') return run.reason ?? withState(run, 'skipped')
  if (status !== 'parked') return run.reason
  return withState(run, 'exhausted') ?? withState(run, 'refused')
}

function withState({ plan, draft, op }: TccRun, state: string): Cause | undefined {
  const found = plan.branches.find(({ name }) => draft.get(name, op)?.state === state)
  return found && causeOf(found.name, draft.get(found.name, op)!)
}

function takeWord(run: TccRun, status: TransactionStatus, word: Word): void {
  const { draft, op } = run
  if (word.type === 'stop') {
    run.stopped = { code: 'STOPPED', detail: word.detail }
    draft.giveUpAll()
    draft.changed = true
  } else if (word.type === 'skip') skip(run, word)
  else if (word.type === 'resolve') resolve(run, status, word)
  else if (!draft.reopen((each) => each === op)) throw senseless(word, 'nothing is open')
}

function resolve(run: TccRun, status: TransactionStatus, word: Word<'resolve'>): void {
  const { phase, draft, op } = run
  if (phase === 'trying') {
    if (word.to === 'commit') throw senseless(word, 'not all is tried')
    return cancel(run, { code: 'RESOLVED', detail: 'cancelled by a person' })
  }
  if ((word.to === 'commit') !== (phase === 'confirming')) {
    throw senseless(word, `it is ${phase}; nothing else is left`)
  }
  if (status === 'running') throw senseless(word, 'it is on its way there')
  draft.reopen((each) => each === op)
}

function skip({ draft, op, phase }: TccRun, word: Word<'skip'>): void {
  const { branch, detail } = word
  if (phase === 'trying') throw senseless(word, 'a try cannot be skipped')
  if (phase === 'cancelling' && draft.get(branch, 'try')?.state === 'calling') {
    return draft.giveUp(branch, 'try')
  }
  if (!isOpen(draft.get(branch, op))) throw senseless(word, 'it has no open operation')
  draft.skip(branch, op, detail)
}

function explain({ branches }: TccPlan, state: TccState): Explanation {
  const op = OPS[state.phase]
  const shown = branches.map(({ name }): Shown => {
    const operations = Object.hasOwn(state.branches, name) ? state.branches[name] : undefined
    const now = operations?.[op]
    if (now !== undefined) return { branch: name, op, operation: now }
    return { branch: name, op: 'try', operation: operations?.try }
  })
  const { phase } = state
  return { phase, branches: shown.map(explainBranch), next: nextOf(state, shown, op) }
}
