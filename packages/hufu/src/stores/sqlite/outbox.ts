import type { DatabaseSync } from 'node:sqlite'
import { HufuError } from '../../errors.ts'
import type {
  NewOutboxRow,
  OpenRow,
  OutboxStats,
  OutboxStore,
  ReceiptRow,
} from '../../ports/store.ts'
import type { Opened } from './access.ts'
import { Claims } from './claims.ts'
import type { Connection } from './connection.ts'
import { AS_STORED, CURSOR, countFresh } from './cursor.ts'
import { noteOther } from './recent.ts'
import type { OutboxRecord } from './rows.ts'
import {
  freshRow,
  groupsText,
  headersText,
  missingGroups,
  OUTBOX_COLUMNS,
  outboxRow,
} from './rows.ts'
import type { SqliteTx } from './tx.ts'
import { connectionOf, handOver, markWork } from './tx.ts'

const INSERT = `INSERT INTO hufu_outbox (event, id, key, state, due_at, missing, attempts,
  published_at, delay_ms, receipts, groups, headers, body)
  VALUES (?, ?, ?, 0, 0, ?, 0, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`

const SENT = `UPDATE hufu_outbox SET state = iif(missing > 0, 1, 2),
  due_at = iif(missing > 0, ?2, NULL), closed_at = iif(missing > 0, NULL, ?3)
  WHERE seq = ?1`

const ANSWERED = `UPDATE hufu_outbox SET missing = missing - 1,
  state = CASE WHEN missing = 1 THEN 2 ELSE state END,
  due_at = CASE WHEN missing = 1 THEN NULL ELSE due_at END,
  closed_at = CASE WHEN missing = 1 THEN ? END WHERE seq = ?`

const OPEN = `SELECT seq, event, id, key, groups, published_at, state FROM hufu_outbox
  WHERE event = ?1 AND published_at < ?2 AND`

/** What waits for something, and what the relay has not come to. */
const OPEN_TOLD = `${OPEN} state IN (0, 1, 3) AND due_at > 0 ORDER BY seq LIMIT ?3`
const OPEN_FRESH = `${OPEN} seq > ${CURSOR} AND ${AS_STORED} ORDER BY seq LIMIT ?3`

const REOPEN = `UPDATE hufu_outbox SET state = 0, due_at = 1, attempts = 0
  WHERE seq = ? AND state = 3`

const COUNTS = `SELECT count(*) FILTER (WHERE state = 0) AS waiting,
  count(*) FILTER (WHERE state = 1) AS open, min(published_at) FILTER (WHERE state = 0) AS oldest
  FROM hufu_outbox WHERE due_at > 0 AND state IN (0, 1)`

const OLDEST_FRESH = `SELECT published_at AS at FROM hufu_outbox
  WHERE seq > ${CURSOR} AND ${AS_STORED} ORDER BY seq LIMIT 1`

export interface SqliteOutbox extends OutboxStore<SqliteTx, DatabaseSync> {
  /** Frees what the claims of this store hold outside of the database. */
  letGo(): void
}

export function createOutbox(opened: Opened): SqliteOutbox {
  const claims = new Claims(opened)
  return {
    insert: (tx, row) => insert(tx, row, opened().os.clock.now()),
    claim: (request) => claims.claim(request),
    settle: async (tx, token, outcomes) => claims.settle(tx, token, outcomes),
    release: (relay) => claims.release(relay),
    letGo: () => claims.letGo(),
    async find(tx, event, id) {
      const sql = `SELECT ${OUTBOX_COLUMNS} FROM hufu_outbox WHERE event = ? AND id = ?`
      const row = connectionOf(tx).tuple<OutboxRecord>(sql, event, id)
      return row && outboxRow(row, false)
    },
    receipt: async (tx, receipt) => answer(connectionOf(tx), receipt, opened().os.clock.now()),
    async close(tx, ref) {
      const sql = `UPDATE hufu_outbox SET state = 2, due_at = NULL, closed_at = ?
        WHERE seq = ? AND state = 3`
      connectionOf(tx).run(sql, opened().os.clock.now(), ref)
    },
    async receipts(event, id) {
      const sql = `SELECT o.event, o.id, r.grp AS "group", r.outcome, r.body FROM hufu_outbox o
        JOIN hufu_receipts r ON r.seq = o.seq WHERE o.event = ? AND o.id = ?`
      return opened().reader.all<ReceiptRow>(sql, event, id)
    },
    async reopen(tx, ref) {
      if (connectionOf(tx).run(REOPEN, ref) > 0) markWork(tx, 'messages')
    },
    open: async (event, before, limit) => openRows(opened().reader, event, before, limit),
    waiting: async (atMost) => waiting(opened().reader, atMost),
    stats: async () => stats(opened().reader, opened().os.clock.now()),
  }
}

const FIRST = { repeated: false }
const REPEATED = { repeated: true }

function insert(tx: SqliteTx | DatabaseSync, row: NewOutboxRow, now: number) {
  const connection = connectionOf(tx)
  const { event, id, key, groups, headers, body, delayMs, receipts, sent } = row
  const missing = receipts ? groups.length : 0
  const { changes, lastInsertRowid } = connection
    .statement(INSERT)
    .run(
      event,
      id,
      key,
      missing,
      now,
      delayMs,
      receipts ? 1 : 0,
      groupsText(groups),
      headersText(headers),
      body,
    )
  if (changes === 0) {
    refuseOther(connection, row)
    return REPEATED
  }
  if (sent) {
    connection.run(SENT, lastInsertRowid, sent.resendAt, now)
    noteOther(connection)
    return FIRST
  }
  markWork(tx, 'messages')
  const handed = handOver(tx, freshRow(Number(lastInsertRowid), row, now))
  if (!handed) noteOther(connection)
  return FIRST
}

function refuseOther(connection: Connection, row: NewOutboxRow): void {
  const sql = 'SELECT key, body FROM hufu_outbox WHERE event = ? AND id = ?'
  const stored = connection.get<{ key: string | null; body: Uint8Array }>(sql, row.event, row.id)!
  const other = stored.key === row.key ? 'body' : 'key'
  if (other === 'body' && Buffer.compare(stored.body, row.body) === 0) return
  const text = `the id is there already with another ${other}`
  throw new HufuError('ID_REUSED', `Publishing ${row.event} ${row.id}: ${text}`)
}

function answer(connection: Connection, receipt: ReceiptRow, now: number): boolean {
  const sql = 'SELECT seq, groups, receipts FROM hufu_outbox WHERE event = ? AND id = ?'
  const row = connection.tuple<[number, string, number]>(sql, receipt.event, receipt.id)
  if (!row) return false
  const [seq, groups, wanted] = row
  if (!wanted || !JSON.parse(groups).includes(receipt.group)) return false
  const inserted = connection.run(
    'INSERT INTO hufu_receipts VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
    seq,
    receipt.group,
    receipt.outcome,
    receipt.body,
    now,
  )
  if (inserted === 0) return false
  connection.run(ANSWERED, now, seq)
  return true
}

interface OpenRecord {
  seq: number
  event: string
  id: string
  key: string | null
  groups: string
  published_at: number
  state: number
}

function openRows(reader: Connection, event: string, before: number, limit: number): OpenRow[] {
  const told = reader.all<OpenRecord>(OPEN_TOLD, event, before, limit)
  const fresh = reader.all<OpenRecord>(OPEN_FRESH, event, before, limit)
  const rows = [...told, ...fresh].sort((a, b) => a.seq - b.seq).slice(0, limit)
  return rows.map((row) => ({
    event: row.event,
    id: row.id,
    key: row.key,
    publishedAt: row.published_at,
    sent: row.state === 1,
    missing: missingGroups(reader, row.seq, row.groups),
  }))
}

function waiting(reader: Connection, atMost: number): number {
  const sql = `SELECT count(*) FROM (SELECT 1 FROM hufu_outbox
    WHERE state = 0 AND due_at > 0 LIMIT ?)`
  const told = reader.tuple<[number]>(sql, atMost)![0]
  return Math.min(atMost, told + countFresh(reader))
}

function stats(reader: Connection, now: number): OutboxStats {
  type Counts = { waiting: number; oldest: number | null; open: number }
  const told = reader.get<Counts>(COUNTS)!
  const fresh = reader.get<{ at: number }>(OLDEST_FRESH)
  const oldest = Math.min(told.oldest ?? now, fresh?.at ?? now)
  return {
    waiting: told.waiting + countFresh(reader),
    open: told.open,
    oldestMs: Math.max(0, now - oldest),
  }
}
