import { HufuError } from '../../errors.ts'
import type { NewOutboxRow, OpenRow, OutboxStore, ReceiptRow } from '../../ports/store.ts'
import type { Opened } from './access.ts'
import { Claims } from './claims.ts'
import { outboxStatements } from './outbox-sql.ts'
import type { OutboxRecord } from './rows.ts'
import { missing, outboxRow } from './rows.ts'
import type { Tables } from './tables.ts'
import type { PostgresForeign, PostgresTx } from './tx.ts'
import { first, markWork, run } from './tx.ts'

const READING = 'Reading the outbox'

export function createOutbox(t: Tables, opened: Opened): OutboxStore<PostgresTx, PostgresForeign> {
  const sql = outboxStatements(t)
  const claims = new Claims(t, opened)
  const read = async <Row>(text: string, params: unknown[]) =>
    (await opened().own.read<Row>(READING, text, params)).rows
  return {
    insert: (tx, row) => insert(tx, sql, row),
    claim: (request) => claims.claim(request),
    settle: (tx, token, outcomes) => claims.settle(tx, token, outcomes),
    release: (relay) => claims.release(relay),
    async find(tx, event, id) {
      const record = await first<OutboxRecord>(tx, sql.find, [event, id])
      return record && outboxRow(record)
    },
    async receipt(tx, { event, id, group, outcome, body }) {
      return (await run(tx, sql.answer, [event, id, group, outcome, body])).rowCount === 1
    },
    receipts: (event, id) => read<ReceiptRow>(sql.receipts, [event, id]),
    async reopen(tx, ref) {
      if ((await run(tx, sql.reopen, [ref])).rowCount === 1) markWork(tx, 'messages')
    },
    async close(tx, ref) {
      await run(tx, sql.close, [ref])
    },
    async open(event, before, limit) {
      return (await read<OpenRecord>(sql.open, [event, before, limit])).map(openRow)
    },
    async waiting(atMost) {
      return Number((await read<{ n: unknown }>(sql.waiting, [atMost]))[0]!.n)
    },
    async stats() {
      const [row] = await read<Record<string, unknown>>(sql.stats, [])
      const { waiting, open, oldest } = row!
      return { waiting: Number(waiting), open: Number(open), oldestMs: Number(oldest) }
    },
  }
}

async function insert(
  tx: PostgresTx | PostgresForeign,
  sql: { readonly insert: string; readonly stored: string },
  row: NewOutboxRow,
) {
  const { event, id, key, groups, headers, body, delayMs, receipts, sent } = row
  const missing = receipts ? groups.length : 0
  const state = sent ? (missing > 0 ? 1 : 2) : 0
  const dueAt = sent ? (missing > 0 ? Math.max(2, sent.resendAt) : null) : 0
  const told = [delayMs, receipts, groups, JSON.stringify(headers), body]
  const { rowCount } = await run(tx, sql.insert, [event, id, key, state, dueAt, missing, ...told])
  if (rowCount === 0) {
    await refuseOther(tx, sql.stored, row)
    return { repeated: true }
  }
  if (!sent) markWork(tx, 'messages')
  return { repeated: false }
}

async function refuseOther(
  tx: PostgresTx | PostgresForeign,
  sql: string,
  { event, id, key, body }: NewOutboxRow,
): Promise<void> {
  type Stored = { key: string | null; body: Uint8Array }
  const stored = await first<Stored>(tx, sql, [event, id])
  const other = stored?.key === key ? 'body' : 'key'
  if (stored && other === 'body' && Buffer.compare(stored.body, body) === 0) return
  const text = `the id is there already with another ${other}`
  throw new HufuError('ID_REUSED', `Publishing ${event} ${id}: ${text}`)
}

interface OpenRecord {
  readonly event: string
  readonly id: string
  readonly key: string | null
  readonly groups: string
  readonly answered: string
  readonly published_at: unknown
  readonly state: unknown
}

function openRow({ event, id, key, groups, answered, published_at, state }: OpenRecord): OpenRow {
  return {
    event,
    id,
    key,
    publishedAt: Number(published_at),
    sent: Number(state) === 1,
    missing: missing(groups, answered),
  }
}
