import type { ReceiptRow } from '../../ports/store.ts'
import type { Session } from './session.ts'
import { NOW } from './session.ts'
import { CHARS, demandLength } from './texts.ts'

const FIND = `SELECT seq, grp_list, receipts FROM hufu_outbox WHERE event = ? AND id = ? FOR UPDATE`

/** No number is given here: whether the row is there is asked first, under the message's lock. */
const THERE = 'SELECT 1 FROM hufu_receipts WHERE seq = ? AND grp = ?'
const INSERT = `INSERT INTO hufu_receipts (seq, grp, outcome, body, at) VALUES (?, ?, ?, ?, ${NOW})`

/** `missing` last: assignments are made from left to right. */
const ANSWERED = `UPDATE hufu_outbox SET state = IF(missing = 1, 2, state),
  due_at = IF(missing = 1, ${NOW}, due_at), missing = missing - 1 WHERE seq = ?`

const ALL = `SELECT o.event, o.id, r.grp AS \`group\`, r.outcome, r.body FROM hufu_outbox o
  JOIN hufu_receipts r ON r.seq = o.seq WHERE o.event = ? AND o.id = ?`

type Found = { seq: number; grp_list: string; receipts: number }

/**
 * Stores a group's answer and closes the row when none is missing; false: known, or no such row.
 */
export async function answer(session: Session, receipt: ReceiptRow): Promise<boolean> {
  const { event, id, group, outcome, body } = receipt
  demandLength(group, CHARS.name, `Storing the receipt of ${event}/${group}/${id}`)
  const row = await session.row<Found>(FIND, event, id)
  if (row?.receipts !== 1 || !JSON.parse(row.grp_list).includes(group)) return false
  if (await session.row(THERE, row.seq, group)) return false
  await session.run(INSERT, row.seq, group, outcome, body)
  await session.run(ANSWERED, row.seq)
  return true
}

export function receiptsOf(session: Session, event: string, id: string): Promise<ReceiptRow[]> {
  return session.rows<ReceiptRow>(ALL, event, id)
}
