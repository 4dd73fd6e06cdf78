import type { TransactionSave } from '../../ports/transactions.ts'
import { isFinal } from '../../ports/transactions.ts'
import type { Session, SqlValue } from './session.ts'
import { NOW, slices } from './session.ts'

/** In the order of ids: two that save the same ones wait for each other in turn. */
const MINE = `SELECT seq, id FROM hufu_transactions FORCE INDEX (by_id)
  WHERE owner = ? AND finished_at IS NULL AND id IN`

type SaveOf = readonly [seq: number, save: TransactionSave]

/** Stores states, many with one statement; the ids of those that are another's, or final. */
export async function save(
  session: Session,
  owner: number,
  saves: readonly TransactionSave[],
): Promise<string[]> {
  const sorted = [...saves].sort((one, other) => (one.id < other.id ? -1 : 1))
  const lost: string[] = []
  for (const slice of slices(sorted)) {
    const mine = await lockMine(session, owner, slice)
    const kept: SaveOf[] = []
    for (const one of slice) {
      const seq = mine.get(one.id)
      if (seq === undefined) lost.push(one.id)
      else kept.push([seq, one])
    }
    for (const part of slices(kept)) await store(session, owner, part)
  }
  return lost
}

async function lockMine(session: Session, owner: number, saves: readonly TransactionSave[]) {
  const marks = saves.map(() => '?').join(', ')
  const ids = saves.map(({ id }) => id)
  const sql = `${MINE} (${marks}) FOR UPDATE`
  const rows = await session.rows<{ seq: number; id: string }>(sql, owner, ...ids)
  return new Map(rows.map(({ seq, id }) => [id, seq]))
}

/** One statement; each column has its value by the row's number. */
async function store(session: Session, owner: number, saves: readonly SaveOf[]): Promise<void> {
  const values: SqlValue[] = []
  const column = (name: string, of: (save: TransactionSave) => SqlValue) => {
    for (const [seq, one] of saves) values.push(seq, of(one))
    return `${name} = CASE seq ${saves.map(() => 'WHEN ? THEN ?').join(' ')} END`
  }
  const isOver = ({ status }: TransactionSave) => isFinal(status)
  const set = [
    column('status', ({ status }) => status),
    column('state', ({ state }) => state),
    column('due_at', ({ dueAt }) => dueAt),
    column('owner', (one) => (isOver(one) ? null : one.release ? 0 : owner)),
    column('finished_at', (one) => (isOver(one) ? 1 : null)),
  ].join(', ')
  const marks = saves.map(() => '?').join(', ')
  for (const [seq] of saves) values.push(seq)
  const sql = `UPDATE hufu_transactions FORCE INDEX (PRIMARY) SET ${set}, updated_at = ${NOW},
    finished_at = IF(finished_at IS NULL, NULL, ${NOW}) WHERE seq IN (${marks})`
  await session.run(sql, ...values)
}
