import type { DatabaseSync } from 'node:sqlite'
import type { Findings } from './findings.ts'

const SERVICES = ['main', 'coupon', 'points', 'sms'] as const

/** Answers that are missing and that no parked work explains. */
const OPEN = `
  SELECT o.id, group_concat(g.value) AS missing FROM hufu_outbox o, json_each(o.groups) g
  WHERE o.state <> 2
  AND NOT EXISTS (SELECT 1 FROM hufu_receipts r WHERE r.seq = o.seq AND r.grp = g.value)
  AND NOT EXISTS (SELECT 1 FROM parked p WHERE p.grp = g.value AND p.id = o.id)
  GROUP BY o.seq`

/** Rows said to be closed though somebody has not answered. */
const CLOSED_TOO_EARLY = `
  SELECT o.id FROM hufu_outbox o WHERE o.state = 2 AND json_array_length(o.groups) >
    (SELECT count(*) FROM hufu_receipts r WHERE r.seq = o.seq)`

const UNPUBLISHED = `
  SELECT id FROM orders o WHERE NOT EXISTS (
    SELECT 1 FROM hufu_outbox b WHERE b.event = 'order.placed' AND b.id = o.id)`

const PUBLISHED_ONLY = `
  SELECT id FROM hufu_outbox b WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.id = b.id)`

/** Every order's message is closed by its receipts, or what is missing is parked. */
export function checkReceipts(db: DatabaseSync, found: Findings): void {
  listParked(db, found)
  const waiting = SERVICES.map(
    (name) => `SELECT grp, id FROM ${name}.hufu_parked WHERE state = 'parked' AND kind = 'consume'`,
  )
  db.exec(`CREATE TEMP VIEW parked AS ${waiting.join(' UNION ')}`)
  for (const { id, missing } of db.prepare(OPEN).iterate()) {
    found.add('openReceipts', `order ${id} is not answered by ${missing}`)
  }
  for (const { id } of db.prepare(CLOSED_TOO_EARLY).iterate()) {
    found.add('openReceipts', `order ${id} is closed before all have answered`)
  }
  for (const { id } of db.prepare(UNPUBLISHED).iterate()) {
    found.add('lost', `order ${id} was placed without its message`)
  }
  for (const { id } of db.prepare(PUBLISHED_ONLY).iterate()) {
    found.add('wrong', `a message was sent of ${id}, which is no order`)
  }
}

function listParked(db: DatabaseSync, found: Findings): void {
  for (const name of SERVICES) {
    const sql = `SELECT id, cause, detail, attempts FROM ${name}.hufu_parked
      WHERE state = 'parked' ORDER BY ref`
    const service = name === 'main' ? 'order' : name
    for (const { id, cause, detail, attempts } of db.prepare(sql).iterate()) {
      found.parked++
      found.parkedWork.push({
        service,
        id: String(id),
        cause: String(cause),
        detail: String(detail),
        attempts: Number(attempts),
      })
    }
  }
}
