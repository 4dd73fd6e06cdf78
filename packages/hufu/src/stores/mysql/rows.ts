import type { OutboxRow } from '../../ports/store.ts'
import type { Session } from './session.ts'
import { whole } from './session.ts'

export const OUTBOX_COLUMNS = `seq, event, id, key_value, state, due_at, delay_ms, receipts,
  published_at, attempts, grp_list, headers, body`

export interface OutboxRecord {
  readonly seq: number
  readonly event: string
  readonly id: string
  readonly key_value: string | null
  readonly state: number
  readonly due_at: number
  readonly delay_ms: number
  readonly receipts: number
  readonly published_at: number
  readonly attempts: number
  readonly grp_list: string
  readonly headers: string
  readonly body: Uint8Array
}

/** `groups`: those that it is to be sent to, if not all. */
export function outboxRow(record: OutboxRecord, groups?: readonly string[]): OutboxRow {
  const { seq, event, id, key_value, delay_ms, receipts, published_at, attempts, body } = record
  return {
    ...{ ref: seq, event, id, key: key_value, delayMs: delay_ms, receipts: receipts === 1 },
    ...{ publishedAt: published_at, attempts, body, resend: groups !== undefined },
    headers: JSON.parse(record.headers),
    groups: groups ?? JSON.parse(record.grp_list),
  }
}

/** For each row the groups that have not answered. */
export async function missingGroups(
  session: Session,
  rows: readonly { readonly seq: number; readonly grp_list: string }[],
): Promise<Map<number, string[]>> {
  const missing = new Map<number, string[]>()
  if (rows.length === 0) return missing
  for (const { seq, grp_list } of rows) missing.set(seq, JSON.parse(grp_list))
  const seqs = rows.map(({ seq }) => whole(seq)).join(',')
  const sql = `SELECT seq, grp FROM hufu_receipts WHERE seq IN (${seqs})`
  for (const { seq, grp } of await session.rowsOfText<{ seq: number; grp: string }>(sql)) {
    missing.set(
      seq,
      missing.get(seq)!.filter((group) => group !== grp),
    )
  }
  return missing
}
