import type { Claim, ClaimRequest, OutboxRow, SendOutcome } from '../../ports/store.ts'
import type { Opened } from './access.ts'
import type { Connection } from './connection.ts'
import { Lease } from './lease.ts'
import type { OutboxRecord } from './rows.ts'
import { missingGroups, OUTBOX_COLUMNS, outboxRow } from './rows.ts'
import type { SqliteTx } from './tx.ts'
import { connectionOf } from './tx.ts'

/** A refused row never waits longer, ms: a later due time means that the clock has jumped back. */
const REFUSED_MS_MAX = 2 * 3_600_000

/** The same for repeats because of missing receipts, ms. */
const RESEND_MS_MAX = 800 * 86_400_000

/** So many pages of rows are looked at to find other keys behind a busy one. */
const LOOK_AHEAD = 4

const IS_FRESH = `state = 0 AND due_at = 0 AND seq > ?1 AND (key IS NULL OR (event, key) NOT IN (
    SELECT event, key FROM hufu_outbox WHERE state = 0 AND due_at > 0 AND key IS NOT NULL))
  ORDER BY seq LIMIT ?2`

const FRESH = `SELECT ${OUTBOX_COLUMNS} FROM hufu_outbox WHERE ${IS_FRESH}`

/** Without the bodies: most of what stands behind a busy key is not claimed. */
const FRESH_KEYS = `SELECT seq, event, key FROM hufu_outbox WHERE ${IS_FRESH}`

const DUE = `SELECT ${OUTBOX_COLUMNS} FROM hufu_outbox
  WHERE state = ? AND due_at BETWEEN 1 AND ? ORDER BY due_at LIMIT ?`

/** Of its own: an OR of the two would look at every open row. */
const DUE_TOO_LATE = `SELECT ${OUTBOX_COLUMNS} FROM hufu_outbox
  WHERE state = ? AND due_at > ? ORDER BY due_at LIMIT ?`

const ONE = `SELECT ${OUTBOX_COLUMNS} FROM hufu_outbox WHERE seq = ?`

const SENT = `UPDATE hufu_outbox SET state = 1, due_at = ?3,
  attempts = CASE state WHEN 0 THEN 0 ELSE attempts + 1 END
  WHERE seq BETWEEN ?1 AND ?2 AND state < 2`

const CLOSED = `UPDATE hufu_outbox SET state = 2, due_at = NULL, closed_at = ?3
  WHERE seq BETWEEN ?1 AND ?2`

/** An `OutboxRecord`, or its first columns. */
type Candidate = readonly [seq: number, event: string, key: string | null, ...unknown[]]

/**
 * One relay at a time sends the rows of a file; the lease says which. Rows are read outside of the
 * writer, so that only committed ones are seen and slow transactions do not delay the relay.
 */
export class Claims {
  readonly #opened: Opened
  readonly #lease: Lease

  constructor(opened: Opened) {
    this.#opened = opened
    this.#lease = new Lease('relay', opened)
  }

  async claim(request: ClaimRequest): Promise<Claim | undefined> {
    const { reader, os } = this.#opened()
    if (!this.#lease.fresh(request)) {
      if (due(reader, os.clock.now(), 1).length === 0) return { token: 0, rows: [], more: false }
      if (!(await this.#lease.take(request))) return undefined
    }
    const found = due(reader, os.clock.now(), request.limit)
    const chosen = new Chosen(request.limit)
    const rows = found.filter((row) => chosen.take(row)).map((row) => loaded(reader, row))
    const more = rows.length < found.length || found.length >= request.limit
    if (found.length >= request.limit) rows.push(...beyond(reader, found, chosen, request.limit))
    return { token: this.#lease.token, rows, more }
  }

  settle(tx: SqliteTx, token: number, outcomes: readonly SendOutcome[]): boolean {
    const connection = connectionOf(tx)
    if (!this.#lease.holds(connection, token)) return false
    const now = this.#opened().os.clock.now()
    for (const run of sentRuns(outcomes)) storeSent(connection, run, now)
    for (const outcome of outcomes) if (outcome.outcome !== 'sent') store(connection, outcome)
    return true
  }

  release(relay: string): Promise<void> {
    return this.#lease.release(relay)
  }

  letGo(): void {
    this.#lease.letGo()
  }
}

/** Refused rows that are due, fresh ones in commit order, overdue ones: a page of each. */
function due(reader: Connection, now: number, limit: number): OutboxRecord[] {
  return [
    ...reader.tuples<OutboxRecord>(DUE, 0, now, limit),
    ...reader.tuples<OutboxRecord>(DUE_TOO_LATE, 0, now + REFUSED_MS_MAX, limit),
    ...reader.tuples<OutboxRecord>(FRESH, 0, limit),
    ...reader.tuples<OutboxRecord>(DUE, 1, now, limit),
    ...reader.tuples<OutboxRecord>(DUE_TOO_LATE, 1, now + RESEND_MS_MAX, limit),
  ]
}

/** Of a key only the earliest row: were it refused, a later one must not have been sent. */
class Chosen {
  readonly #keys = new Set<string>()
  #room: number

  constructor(limit: number) {
    this.#room = limit
  }

  get full(): boolean {
    return this.#room === 0
  }

  /** Whether the row is one of the claim. */
  take([, event, key]: Candidate): boolean {
    if (this.full) return false
    if (key !== null) {
      const name = `${event}\n${key}`
      if (this.#keys.has(name)) return false
      this.#keys.add(name)
    }
    this.#room--
    return true
  }
}

/** Fresh rows of other keys behind the page that was found. */
function beyond(
  reader: Connection,
  found: readonly OutboxRecord[],
  chosen: Chosen,
  page: number,
): OutboxRow[] {
  const last = found.findLast(([, , , state, dueAt]) => state === 0 && dueAt === 0)
  if (chosen.full || !last) return []
  const ahead = reader.tuples<Candidate>(FRESH_KEYS, last[0], page * (LOOK_AHEAD - 1))
  const taken = ahead.filter((row) => chosen.take(row))
  return taken.map(([seq]) => loaded(reader, reader.tuple<OutboxRecord>(ONE, seq)!))
}

function loaded(reader: Connection, row: OutboxRecord): OutboxRow {
  const [seq, , , state, , , stored] = row
  if (state !== 1) return outboxRow(row, false)
  const groups = missingGroups(reader, seq, stored)
  return { ...outboxRow(row, true), groups }
}

/** Rows numbered without a gap that were sent, and when they are to be sent again. */
interface SentRun {
  readonly from: number
  to: number
  readonly resendAt: number | null
}

function sentRuns(outcomes: readonly SendOutcome[]): SentRun[] {
  const runs: SentRun[] = []
  for (const outcome of outcomes) {
    if (outcome.outcome !== 'sent') continue
    const { ref, resendAt } = outcome
    const last = runs.at(-1)
    if (last?.to === ref - 1 && last.resendAt === resendAt) last.to = ref
    else runs.push({ from: ref, to: ref, resendAt })
  }
  return runs
}

function storeSent(connection: Connection, { from, to, resendAt }: SentRun, now: number): void {
  if (resendAt === null) connection.run(CLOSED, from, to, now)
  else connection.run(SENT, from, to, resendAt)
}

function store(connection: Connection, outcome: Exclude<SendOutcome, { outcome: 'sent' }>): void {
  const { ref } = outcome
  if (outcome.outcome === 'refused') {
    const sql =
      'UPDATE hufu_outbox SET due_at = ?, attempts = attempts + 1 WHERE seq = ? AND state < 2'
    connection.run(sql, outcome.dueAt, ref)
  } else {
    connection.run('UPDATE hufu_outbox SET state = 3, due_at = 0 WHERE seq = ? AND state < 2', ref)
  }
}
