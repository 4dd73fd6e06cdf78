import type { SendOutcome } from '../../ports/store.ts'
import type { Session } from './session.ts'
import { NOW, whole } from './session.ts'

/** By the number alone: another index would lock rows that are none of these. */
const UPDATE = 'UPDATE hufu_outbox FORCE INDEX (PRIMARY) SET'

/** Assignments are made from left to right. */
const SENT = 'attempts = IF(state = 0, 0, attempts + 1), state = 1'

/** Stores what became of rows, with one statement for all that had the same fate. */
export async function settle(session: Session, outcomes: readonly SendOutcome[]): Promise<void> {
  for (const [change, seqs] of changesOf(outcomes)) {
    const list = seqs.sort((one, other) => one - other).join(',')
    await session.runText(`${UPDATE} ${change} WHERE seq IN (${list}) AND state < 2`)
  }
}

function changesOf(outcomes: readonly SendOutcome[]): Map<string, number[]> {
  const changes = new Map<string, number[]>()
  const refused: { seq: number; dueAt: number }[] = []
  for (const outcome of outcomes) {
    const seq = whole(outcome.ref)
    if (outcome.outcome === 'refused') {
      refused.push({ seq, dueAt: time(outcome.dueAt) })
      continue
    }
    const change = changeOf(outcome)
    const seqs = changes.get(change)
    if (seqs) seqs.push(seq)
    else changes.set(change, [seq])
  }
  if (refused.length > 0)
    changes.set(
      refusedChange(refused),
      refused.map(({ seq }) => seq),
    )
  return changes
}

function changeOf(outcome: Exclude<SendOutcome, { outcome: 'refused' }>): string {
  if (outcome.outcome === 'parked') return 'state = 3, due_at = 0'
  if (outcome.resendAt === null) return `state = 2, due_at = ${NOW}`
  return `${SENT}, due_at = ${time(outcome.resendAt)}`
}

function refusedChange(refused: readonly { seq: number; dueAt: number }[]): string {
  const times = refused.map(({ seq, dueAt }) => `WHEN ${seq} THEN ${dueAt}`).join(' ')
  return `attempts = attempts + 1, due_at = CASE seq ${times} ELSE due_at END`
}

/** 0 would mean at once. */
function time(at: number): number {
  return whole(Math.max(1, Math.round(at)))
}
