import type { OutboxRow } from '../../ports/store.ts'

/** What `outboxRow` wants to know of a row of the outbox `o`. */
export const OUTBOX_COLUMNS = `o.seq, o.event, o.id, o.key, o.state, array_to_json(o.groups)::text
  AS groups, o.headers, o.body, o.delay_ms, o.receipts, o.published_at, o.attempts`

/** Numbers of 64 bits come as text. */
export interface OutboxRecord {
  readonly seq: unknown
  readonly event: string
  readonly id: string
  readonly key: string | null
  readonly state: unknown
  readonly groups: string
  readonly headers: string
  readonly body: Uint8Array
  readonly delay_ms: unknown
  readonly receipts: boolean
  readonly published_at: unknown
  readonly attempts: unknown
  /** JSON of the groups that have answered; null when it is of no interest. */
  readonly answered?: string | null
}

export function outboxRow(record: OutboxRecord): OutboxRow {
  const { event, id, key, groups, headers, body, receipts, answered = null } = record
  return {
    ref: Number(record.seq),
    event,
    id,
    key,
    groups: missing(groups, answered),
    headers: JSON.parse(headers),
    body,
    delayMs: Number(record.delay_ms),
    receipts,
    publishedAt: Number(record.published_at),
    attempts: Number(record.attempts),
    resend: answered !== null,
  }
}

/** Of the groups those that have not answered. */
export function missing(groups: string, answered: string | null): string[] {
  const all = JSON.parse(groups) as string[]
  if (answered === null) return all
  const known = new Set(JSON.parse(answered) as string[])
  return all.filter((group) => !known.has(group))
}
