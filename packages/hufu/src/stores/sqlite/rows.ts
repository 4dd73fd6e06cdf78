import type { OutboxRow } from '../../ports/store.ts'
import type { Connection } from './connection.ts'

/** The groups that have not answered. */
export function missingGroups(connection: Connection, seq: number, groups: string): string[] {
  const sql = 'SELECT grp FROM hufu_receipts WHERE seq = ?'
  const answered = connection.all<{ grp: string }>(sql, seq).map((row) => row.grp)
  return (JSON.parse(groups) as string[]).filter((group) => !answered.includes(group))
}

export function outboxRow(row: Record<string, unknown>, resend: boolean): OutboxRow {
  return {
    ref: Number(row.seq),
    event: String(row.event),
    id: String(row.id),
    key: row.key as string | null,
    groups: JSON.parse(String(row.groups)),
    headers: JSON.parse(String(row.headers)),
    body: row.body as Uint8Array,
    delayMs: Number(row.delay_ms),
    receipts: row.receipts === 1,
    publishedAt: Number(row.published_at),
    attempts: Number(row.attempts),
    resend,
  }
}
