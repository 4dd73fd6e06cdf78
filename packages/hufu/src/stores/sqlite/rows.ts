import type { NewOutboxRow, OutboxRow } from '../../ports/store.ts'
import type { Connection } from './connection.ts'

/** The groups that have not answered. */
export function missingGroups(connection: Connection, seq: number, groups: string): string[] {
  const sql = 'SELECT grp FROM hufu_receipts WHERE seq = ?'
  const answered = connection.all<{ grp: string }>(sql, seq).map((row) => row.grp)
  return (JSON.parse(groups) as string[]).filter((group) => !answered.includes(group))
}

/** What `outboxRow` wants to know of a row. */
export const OUTBOX_COLUMNS = `seq, event, key, state, due_at, id, groups, headers, body, delay_ms,
  receipts, published_at, attempts`

export type OutboxRecord = readonly [
  seq: number,
  event: string,
  key: string | null,
  state: number,
  dueAt: number | null,
  id: string,
  groups: string,
  headers: string,
  body: Uint8Array,
  delayMs: number,
  receipts: number,
  publishedAt: number,
  attempts: number,
]

export function outboxRow(record: OutboxRecord, resend: boolean): OutboxRow {
  const [ref, event, key, , , id, groups, headers, body, delayMs, receipts] = record
  return {
    ref,
    event,
    id,
    key,
    groups: JSON.parse(groups),
    headers: headers === '{}' ? {} : JSON.parse(headers),
    body,
    delayMs,
    receipts: receipts === 1,
    publishedAt: record[11],
    attempts: record[12],
    resend,
  }
}

/** The row as it was stored just now. */
export function freshRow(ref: number, row: NewOutboxRow, publishedAt: number): OutboxRow {
  const { event, id, key, groups, headers, body, delayMs, receipts } = row
  return {
    ref,
    event,
    id,
    key,
    groups,
    headers,
    body,
    delayMs,
    receipts,
    publishedAt,
    attempts: 0,
    resend: false,
  }
}

const groupTexts = new WeakMap<readonly string[], string>()

/** JSON of an event's groups, which are one array for all of its messages. */
export function groupsText(groups: readonly string[]): string {
  const known = groupTexts.get(groups)
  if (known !== undefined) return known
  const text = JSON.stringify(groups)
  groupTexts.set(groups, text)
  return text
}

export function headersText(headers: Readonly<Record<string, string>>): string {
  for (const _ in headers) return JSON.stringify(headers)
  return '{}'
}
