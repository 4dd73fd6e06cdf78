import type { Op } from '../ports/participant.ts'
import type { TransactionStatus } from '../ports/transactions.ts'
import { isFinal } from '../ports/transactions.ts'
import type { Operation } from './branch.ts'
import { isStuck } from './draft.ts'
import type { BaseState, BranchExplanation, Cause } from './kind.ts'

/** A branch and the operation of it that counts now. */
export interface Shown {
  readonly branch: string
  readonly op: Op
  readonly operation: Operation | undefined
}

export function explainBranch({ branch, op, operation }: Shown): BranchExplanation {
  if (operation === undefined) {
    return { branch, op: null, state: 'waiting', attempts: 0, dueAt: null, error: null }
  }
  const { state, calls, dueAt = null, error } = operation
  const text = error ? `${error.code}: ${error.detail}` : null
  return { branch, op, state, attempts: calls, dueAt, error: text }
}

/** What is next, and when, in plain words. `op`: the one that must be done now. */
export function nextOf(state: BaseState, shown: readonly Shown[], op: Op): string {
  const { status, cause } = state
  if (isFinal(status)) return `nothing: ${FINAL_WORDS[status] ?? status}`
  const steps = shown.flatMap((each) => {
    const text = each.operation && nextOfOperation(each.operation)
    return text ? [`${each.op} of ${each.branch} ${text}`] : []
  })
  if (status === 'running') return steps.join('; ') || 'begins'
  return `waits for a person: ${waitingFor(shown, op, cause)}`
}

const FINAL_WORDS: Partial<Record<TransactionStatus, string>> = {
  rolledBack: 'rolled back',
  mixed: 'ended with a part that a person skipped',
  stopped: 'stopped by a person',
}

function nextOfOperation({ state, calls, dueAt }: Operation): string | undefined {
  if (state === 'calling') return `is being called, attempt ${calls}`
  if (dueAt !== undefined) return `is called at ${timeText(dueAt)}, attempt ${calls + 1}`
  return undefined
}

function waitingFor(shown: readonly Shown[], op: Op, cause: Cause | undefined): string {
  const stuck = shown.filter((each) => each.op === op && isStuck(each.operation))
  const texts = stuck.map(({ branch, operation }) => {
    return `${op} of ${branch} is ${operation!.state} (${operation!.error!.detail})`
  })
  return texts.join('; ') || (cause?.detail ?? '')
}

export function timeText(at: number): string {
  return new Date(at).toISOString()
}
