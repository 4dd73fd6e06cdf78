import { HufuError } from '../../errors.ts'
import type { NewOutboxRow, OpenRow, OutboxStats, OutboxStore } from '../../ports/store.ts'
import type { Opened } from './access.ts'
import { Claims } from './claims.ts'
import { answer, receiptsOf } from './receipts.ts'
import type { OutboxRecord } from './rows.ts'
import { missingGroups, OUTBOX_COLUMNS, outboxRow } from './rows.ts'
import type { Session } from './session.ts'
import { NOW, unlessThere, whole } from './session.ts'
import { CHARS, demandLength } from './texts.ts'
import type { MysqlForeign, MysqlTx } from './tx.ts'
import { markWork, sessionOf } from './tx.ts'

const INSERT = `INSERT INTO hufu_outbox (event, id, key_value, state, due_at, missing, attempts,
  published_at, delay_ms, receipts, grp_list, headers, body)
  VALUES (?, ?, ?, ?, COALESCE(?, ${NOW}), ?, 0, ${NOW}, ?, ?, ?, ?, ?) ${unlessThere('seq')}`

const STORED = 'SELECT key_value, body FROM hufu_outbox WHERE event = ? AND id = ? FOR UPDATE'

const FIND = `SELECT ${OUTBOX_COLUMNS} FROM hufu_outbox WHERE event = ? AND id = ?`

const REOPEN =
  'UPDATE hufu_outbox SET state = 0, due_at = 0, attempts = 0 WHERE seq = ? AND state = 3'

const CLOSE = `UPDATE hufu_outbox SET state = 2, due_at = ${NOW} WHERE seq = ? AND state = 3`

const OPEN = `SELECT seq, event, id, key_value, grp_list, published_at, state FROM hufu_outbox
  WHERE event = ? AND state IN (0, 1, 3) AND published_at < ? ORDER BY seq LIMIT`

const STATS = `SELECT (SELECT count(*) FROM hufu_outbox WHERE state = 0) AS waiting,
  (SELECT count(*) FROM hufu_outbox WHERE state = 1) AS open_rows,
  (SELECT published_at FROM hufu_outbox FORCE INDEX (by_state) WHERE state = 0 AND due_at = 0
    ORDER BY seq LIMIT 1) AS fresh,
  (SELECT min(published_at) FROM hufu_outbox WHERE state = 0 AND due_at > 0) AS refused,
  ${NOW} AS now_ms`

export function createOutbox(opened: Opened): OutboxStore<MysqlTx, MysqlForeign> {
  const claims = new Claims(opened)
  const inside = (tx: MysqlTx | MysqlForeign) => sessionOf(tx, opened().names)
  return {
    insert: async (tx, row) => insert(tx, await inside(tx), row),
    claim: (request) => claims.claim(request),
    settle: async (tx, token, outcomes) => claims.settle(await inside(tx), token, outcomes),
    release: (relay) => claims.release(relay),
    async find(tx, event, id) {
      const record = await (await inside(tx)).row<OutboxRecord>(FIND, event, id)
      return record && outboxRow(record)
    },
    receipt: async (tx, receipt) => answer(await inside(tx), receipt),
    receipts: (event, id) => opened().own.alone((session) => receiptsOf(session, event, id)),
    async reopen(tx, ref) {
      await (await inside(tx)).run(REOPEN, ref)
      markWork(tx, 'messages')
    },
    async close(tx, ref) {
      await (await inside(tx)).run(CLOSE, ref)
    },
    open: (event, before, limit) =>
      opened().own.alone((session) => openRows(session, event, before, limit)),
    waiting: (atMost) => opened().own.alone((session) => waiting(session, atMost)),
    stats: () => opened().own.alone(stats),
  }
}

async function insert(tx: MysqlTx | MysqlForeign, session: Session, row: NewOutboxRow) {
  const { event, id, key, groups, headers, body, delayMs, receipts, sent } = row
  const what = `Publishing ${event} ${id}`
  demandLength(event, CHARS.name, what)
  demandLength(id, CHARS.id, what)
  demandLength(key, CHARS.id, what)
  const missing = receipts ? groups.length : 0
  const state = sent === undefined ? 0 : missing > 0 ? 1 : 2
  const dueAt = [0, Math.max(1, sent?.resendAt ?? 1), null][state]!
  const seq = await session.insert(
    INSERT,
    ...[event, id, key, state, dueAt, missing, delayMs, receipts ? 1 : 0],
    ...[JSON.stringify(groups), JSON.stringify(headers), body],
  )
  if (seq === 0) await refuseOther(session, row, what)
  else if (state === 0) markWork(tx, 'messages')
  return { repeated: seq === 0 }
}

async function refuseOther(session: Session, row: NewOutboxRow, what: string): Promise<void> {
  type Stored = { key_value: string | null; body: Uint8Array }
  const stored = (await session.row<Stored>(STORED, row.event, row.id))!
  const other = stored.key_value === row.key ? 'body' : 'key'
  if (other === 'body' && Buffer.compare(stored.body, row.body) === 0) return
  throw new HufuError('ID_REUSED', `${what}: the id is there already with another ${other}`)
}

type OpenRecord = Pick<
  OutboxRecord,
  'seq' | 'event' | 'id' | 'key_value' | 'grp_list' | 'published_at' | 'state'
>

async function openRows(session: Session, event: string, before: number, limit: number) {
  const found = await session.rows<OpenRecord>(`${OPEN} ${whole(limit)}`, event, before)
  const missing = await missingGroups(session, found)
  return found.map(
    ({ seq, event, id, key_value, published_at, state }): OpenRow => ({
      ...{ event, id, key: key_value, publishedAt: published_at, sent: state === 1 },
      missing: missing.get(seq)!,
    }),
  )
}

async function waiting(session: Session, atMost: number): Promise<number> {
  const sql = `SELECT count(*) AS n FROM
    (SELECT 1 FROM hufu_outbox WHERE state = 0 LIMIT ${whole(atMost)}) waiting`
  return (await session.row<{ n: number }>(sql))!.n
}

interface Counts {
  readonly waiting: number
  readonly open_rows: number
  readonly fresh: number | null
  readonly refused: number | null
  readonly now_ms: number
}

async function stats(session: Session): Promise<OutboxStats> {
  const { waiting, open_rows, fresh, refused, now_ms } = (await session.row<Counts>(STATS))!
  const oldest = Math.min(fresh ?? now_ms, refused ?? now_ms)
  return { waiting, open: open_rows, oldestMs: Math.max(0, now_ms - oldest) }
}
