import type { SendOutcome } from '../../ports/store.ts'
import type { Tables } from './tables.ts'
import { NOW } from './tables.ts'
import type { PostgresTx } from './tx.ts'
import { run } from './tx.ts'

/**
 * Makes what stores the outcome of sendings, one statement for all of a kind. Rows are named twice,
 * by join and by `ANY`: on a table without statistics the join alone would read all of it.
 */
export function createSettle(t: Tables) {
  const given = 'FROM unnest($1::bigint[], $2::bigint[]) AS s (seq, at)'
  const these = 'o.seq = ANY($1) AND o.seq = s.seq AND state < 2'
  const sent = `UPDATE ${t.outbox} o SET state = 1, due_at = greatest(2, s.at),
    attempts = CASE state WHEN 0 THEN 0 ELSE attempts + 1 END ${given} WHERE ${these}`
  const refused = `UPDATE ${t.outbox} o SET due_at = greatest(2, s.at), attempts = attempts + 1
    ${given} WHERE ${these}`
  const closed = `UPDATE ${t.outbox} SET state = 2, due_at = NULL, closed_at = ${NOW}
    WHERE seq = ANY($1) AND state < 2`
  const parked = `UPDATE ${t.outbox} SET state = 3, due_at = 1 WHERE seq = ANY($1) AND state < 2`

  return async (tx: PostgresTx, outcomes: readonly SendOutcome[]): Promise<void> => {
    const told: Record<Told, { seqs: number[]; ats: number[] }> = {
      sent: { seqs: [], ats: [] },
      refused: { seqs: [], ats: [] },
      closed: { seqs: [], ats: [] },
      parked: { seqs: [], ats: [] },
    }
    for (const outcome of outcomes) {
      const { seqs, ats } = told[kindOf(outcome)]
      seqs.push(outcome.ref)
      const at = timeOf(outcome)
      if (at !== null) ats.push(at)
    }
    const { seqs, ats } = told.sent
    if (seqs.length > 0) await run(tx, sent, [seqs, ats])
    if (told.refused.seqs.length > 0) await run(tx, refused, [told.refused.seqs, told.refused.ats])
    if (told.closed.seqs.length > 0) await run(tx, closed, [told.closed.seqs])
    if (told.parked.seqs.length > 0) await run(tx, parked, [told.parked.seqs])
  }
}

type Told = 'sent' | 'refused' | 'closed' | 'parked'

function kindOf(outcome: SendOutcome): Told {
  return outcome.outcome === 'sent' && outcome.resendAt === null ? 'closed' : outcome.outcome
}

function timeOf(outcome: SendOutcome): number | null {
  if (outcome.outcome === 'sent') return outcome.resendAt
  return outcome.outcome === 'refused' ? outcome.dueAt : null
}
