import { isFinal, type TransactionStatus } from '../ports/transactions.ts'
import { causeOf, isOpen, takeAny, unchanged } from './draft.ts'
import { explainBranch, nextOf, timeText } from './explain.ts'
import type { Cause, Decision, Event, Explanation, Kind } from './kind.ts'
import { type MessagePlan, MessageRun, type MessageState } from './message-run.ts'
import { allDone, callReady } from './order.ts'
import { isPerson, refuseFinal, senseless, type Word } from './person.ts'
import { resultsOf } from './results.ts'

/**
 * Prepared before the local transaction, submitted or aborted after it; where neither word comes,
 * it is asked for. Once submitted its branches are called until all are done: nothing is rolled
 * back. The states: `docs/states.md`.
 */
export const messageKind: Kind<MessagePlan, MessageState> = {
  begin: ({ checkAfterMs }, at) => ({
    status: 'running',
    wakeAt: at + checkAfterMs,
    phase: 'prepared',
    askAt: at + checkAfterMs,
    asking: false,
    undecided: 0,
    branches: {},
  }),
  decide,
  explain,
  results: (_plan, { branches }) => resultsOf(branches, 'action'),
}

function decide(plan: MessagePlan, state: MessageState, event: Event): Decision<MessageState> {
  if (isFinal(state.status)) {
    refuseFinal(event, state.status)
    return unchanged(state)
  }
  const run = new MessageRun(plan, state, event.at)
  const { draft } = run
  if (isPerson(event)) takeWord(run, state.status, event)
  else if (!take(run, event)) return unchanged(state)
  if (run.phase === 'calling' && run.ended === undefined) {
    draft.callDue()
    callReady(draft, plan.branches, 'action')
  }
  if (!draft.changed) return unchanged(state)
  return { state: stateOf(run), calls: draft.calls, ...(run.ask && { ask: true }) }
}

/** False: the event says nothing to this message. */
function take(run: MessageRun, event: Event): boolean {
  if (run.phase === 'calling') return takeAny(run.draft, event)
  if (event.type === 'submitted') run.submit()
  else if (event.type === 'aborted') run.abort({ code: 'ABORTED', detail: event.detail })
  else if (event.type === 'undecided') return run.stayUndecided(event.detail)
  else if (event.type === 'recovered' && run.asking) run.askNow()
  else if (run.askAt !== null && run.askAt <= event.at) run.askNow()
  else return false
  return true
}

function takeWord(run: MessageRun, status: TransactionStatus, word: Word): void {
  if (word.type === 'stop') return run.stop({ code: 'STOPPED', detail: word.detail })
  if (word.type === 'skip') return skip(run, word)
  if (run.phase === 'prepared') return takeWordPrepared(run, word)
  if (word.type === 'resolve') {
    if (word.to === 'rollback') throw senseless(word, 'it is submitted; only forward is left')
    if (status === 'running') throw senseless(word, 'it is on its way there')
  }
  if (!run.draft.reopen(() => true)) throw senseless(word, 'nothing is open')
}

function takeWordPrepared(run: MessageRun, word: Word<'retry' | 'resolve'>): void {
  if (word.type === 'retry') {
    run.undecided = 0
    run.askNow()
  } else if (word.to === 'commit') run.submit()
  else run.abort({ code: 'RESOLVED', detail: 'rolled back by a person' })
}

function skip({ draft }: MessageRun, word: Word<'skip'>): void {
  const { branch, detail } = word
  if (!isOpen(draft.get(branch, 'action'))) throw senseless(word, 'it has no open operation')
  draft.skip(branch, 'action', detail)
}

function stateOf(run: MessageRun): MessageState {
  const { phase, askAt, asking, undecided, draft } = run
  const status = statusOf(run)
  const cause = causeNow(run, status)
  const wakeAt = phase === 'prepared' ? askAt : draft.dueAt
  return {
    ...{ status, wakeAt: status === 'running' ? wakeAt : null },
    ...{ phase, askAt, asking, undecided, branches: draft.branches },
    ...(cause && { cause }),
  }
}

function statusOf(run: MessageRun): TransactionStatus {
  const { ended, phase, draft, plan } = run
  if (ended !== undefined) return ended.status
  if (phase === 'prepared') return run.asking || run.askAt !== null ? 'running' : 'parked'
  if (!allDone(draft, plan.branches, 'action')) return draft.moving ? 'running' : 'parked'
  return withState(run, 'skipped') === undefined ? 'committed' : 'mixed'
}

function causeNow(run: MessageRun, status: TransactionStatus): Cause | undefined {
  if (run.ended !== undefined) return run.ended.cause
  if (status === 'mixed') return withState(run, 'skipped')
  if (status !== 'parked') return undefined
  return run.parkedBy ?? withState(run, 'exhausted') ?? withState(run, 'refused')
}

function withState({ plan, draft }: MessageRun, state: string): Cause | undefined {
  const found = plan.branches.find(({ name }) => draft.get(name, 'action')?.state === state)
  return found && causeOf(found.name, draft.get(found.name, 'action')!)
}

function explain({ branches, askMax }: MessagePlan, state: MessageState): Explanation {
  const shown = branches.map(({ name }) => {
    const operations = Object.hasOwn(state.branches, name) ? state.branches[name] : undefined
    return { branch: name, op: 'action' as const, operation: operations?.action }
  })
  const { phase, asking, askAt, undecided } = state
  let next = nextOf(state, shown, 'action')
  if (phase === 'prepared' && state.status === 'running') {
    const when = asking || askAt === null ? 'now' : `at ${timeText(askAt)}`
    next = `what became of the local transaction is asked ${when}, ${undecided + 1} of ${askMax}`
  }
  return { phase, branches: shown.map(explainBranch), next }
}
