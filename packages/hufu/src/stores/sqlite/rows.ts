import type { OutboxRow } from '../../ports/store.ts'
import type { Connection } from './connection.ts'

/** The groups that have not answered. */
export function missingGroups(connection: Connection, seq: number, groups: string): string[] {
  const sql = 'SELECT grp FROM hufu_receipts WHERE seq = ?'
  const answered = connection.all<{ grp: string }>(sql, seq).map((row) => row.grp)
  return (JSON.parse(groups) as string[]).filter((group) => !answered.includes(group))
}

/** What `outboxRow` wants to know of a row. */
export const OUTBOX_COLUMNS = `seq, event, id, key, groups, headers, body, delay_ms, receipts,
  published_at, attempts, state, due_at`

export interface OutboxRecord {
  readonly seq: number
  readonly event: string
  readonly id: string
  readonly key: string | null
  readonly groups: string
  readonly headers: string
  readonly body: Uint8Array
  readonly delay_ms: number
  readonly receipts: number
  readonly published_at: number
  readonly attempts: number
  readonly state: number
  readonly due_at: number | null
}

export function outboxRow(row: OutboxRecord, resend: boolean): OutboxRow {
  const { seq, event, id, key, groups, headers, body, delay_ms, receipts } = row
  return {
    ref: seq,
    event,
    id,
    key,
    groups: JSON.parse(groups),
    headers: headers === '{}' ? {} : JSON.parse(headers),
    body,
    delayMs: delay_ms,
    receipts: receipts === 1,
    publishedAt: row.published_at,
    attempts: row.attempts,
    resend,
  }
}
