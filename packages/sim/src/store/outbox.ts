import { HufuError } from 'hufu'
import { Claims } from './claims.ts'
import type { Database } from './database.ts'
import { missingGroups, outboxRow } from './outbox-rows.ts'
import {
  type NewOutboxRow,
  type OpenRow,
  OUTBOX,
  type OutboxPort,
  type OutboxRecord,
  outboxKey,
  RECEIPTS,
  type ReceiptRecord,
  type ReceiptRow,
} from './port.ts'
import type { Opened } from './session.ts'
import type { ModelTx } from './tx.ts'

export function createOutbox(opened: Opened): OutboxPort {
  const claims = new Claims(opened)
  const all = () => opened().database.rows<OutboxRecord>(OUTBOX)
  return {
    insert: (tx, row) => insert(opened().database, tx, row),
    claim: (request) => claims.claim(request),
    settle: (tx, token, outcomes) => claims.settle(tx, token, outcomes),
    release: (relay) => claims.release(relay),
    async find(tx, event, id) {
      const record = tx.get<OutboxRecord>(OUTBOX, outboxKey(event, id))
      return record && outboxRow(record)
    },
    receipt: (tx, receipt) => answer(opened().database, tx, receipt),
    async receipts(event, id) {
      const rows = opened().database.rows<ReceiptRecord>(RECEIPTS)
      return rows.filter((row) => row.event === event && row.id === id)
    },
    reopen: (tx, ref) => change(tx, ref, { state: 'waiting', dueAt: 0, attempts: 0 }),
    close: (tx, ref) => change(tx, ref, { state: 'closed', closedAt: opened().database.now() }),
    async open(event, before, limit) {
      const { database } = opened()
      const open = all().filter((row) => {
        return row.event === event && row.state !== 'closed' && row.publishedAt < before
      })
      const rows = open.sort((a, b) => a.order - b.order).slice(0, limit)
      return rows.map((row) => openRow(database, row))
    },
    waiting: async (atMost) => Math.min(atMost, ofState(all(), 'waiting').length),
    async stats() {
      const waiting = ofState(all(), 'waiting')
      const oldest = Math.min(...waiting.map((row) => row.publishedAt))
      const oldestMs = waiting.length === 0 ? 0 : Math.max(0, opened().database.now() - oldest)
      return { waiting: waiting.length, oldestMs, open: ofState(all(), 'sent').length }
    },
  }
}

async function insert(database: Database, tx: ModelTx, row: NewOutboxRow) {
  const key = outboxKey(row.event, row.id)
  // As a unique index does: a row of the same key, not yet committed, is waited for.
  await tx.lock(OUTBOX, key)
  const known = tx.get<OutboxRecord>(OUTBOX, key)
  if (known !== undefined) {
    refuseOther(known, row)
    return { repeated: true }
  }
  await tx.put(OUTBOX, key, newRecord(database, row))
  if (row.sent === undefined) tx.work = true
  return { repeated: false }
}

function newRecord(database: Database, given: NewOutboxRow): OutboxRecord {
  const { sent, ...row } = given
  const ref = database.nextRef()
  const publishedAt = database.now()
  const fresh = { ref, order: 0, attempts: 0, publishedAt, closedAt: null }
  if (sent === undefined) return { ...row, ...fresh, state: 'waiting', dueAt: 0 }
  if (row.receipts) return { ...row, ...fresh, state: 'sent', dueAt: sent.resendAt }
  return { ...row, ...fresh, state: 'closed', dueAt: 0, closedAt: publishedAt }
}

function refuseOther(known: OutboxRecord, row: NewOutboxRow): void {
  const other = known.key === row.key ? 'body' : 'key'
  if (other === 'body' && Buffer.compare(known.body, row.body) === 0) return
  const text = `the id is there already with another ${other}`
  throw new HufuError('ID_REUSED', `Publishing ${row.event} ${row.id}: ${text}`)
}

async function answer(database: Database, tx: ModelTx, receipt: ReceiptRow): Promise<boolean> {
  const { event, id, group } = receipt
  const key = outboxKey(event, id)
  await tx.lock(OUTBOX, key)
  const record = tx.get<OutboxRecord>(OUTBOX, key)
  if (!record?.receipts || !record.groups.includes(group)) return false
  const name = `${record.ref}/${group}`
  if (tx.get(RECEIPTS, name) !== undefined) return false
  await tx.put(RECEIPTS, name, { ...receipt, ref: record.ref } as ReceiptRecord)
  const missing = record.groups.filter((one) => !tx.get(RECEIPTS, `${record.ref}/${one}`))
  if (missing.length > 0) return true
  await tx.put(OUTBOX, key, {
    ...record,
    state: 'closed',
    closedAt: database.now(),
  } as OutboxRecord)
  return true
}

/** Of a parked row. */
async function change(tx: ModelTx, ref: number, more: Partial<OutboxRecord>): Promise<void> {
  const found = tx.rows<OutboxRecord>(OUTBOX).find((row) => row.ref === ref)
  if (found === undefined) return
  const key = outboxKey(found.event, found.id)
  await tx.lock(OUTBOX, key)
  const record = tx.get<OutboxRecord>(OUTBOX, key)
  if (record?.state !== 'parked') return
  await tx.put(OUTBOX, key, { ...record, ...more } as OutboxRecord)
  if (more.state === 'waiting') tx.work = true
}

function ofState(rows: OutboxRecord[], state: OutboxRecord['state']): OutboxRecord[] {
  return rows.filter((row) => row.state === state)
}

function openRow(database: Database, record: OutboxRecord): OpenRow {
  const { event, id, key, publishedAt, state } = record
  const missing = missingGroups(database, record)
  return { event, id, key, publishedAt, sent: state === 'sent', missing }
}
