import type { Claim, ClaimRequest, OutboxRow, SendOutcome } from '../../ports/store.ts'
import type { Opened } from './access.ts'
import type { Connection } from './connection.ts'
import { Lease } from './lease.ts'
import { missingGroups, outboxRow } from './rows.ts'
import type { SqliteTx } from './tx.ts'
import { connectionOf } from './tx.ts'

/** A refused row never waits longer, ms: a later due time means that the clock has jumped back. */
const REFUSED_MS_MAX = 2 * 3_600_000

/** The same for repeats because of missing receipts, ms. */
const RESEND_MS_MAX = 800 * 86_400_000

/** So many rows are looked at for each one claimed, to find other keys behind a busy one. */
const LOOK_AHEAD = 4

const FRESH = `SELECT seq, event, key FROM hufu_outbox
  WHERE state = 0 AND due_at = 0 AND (key IS NULL OR (event, key) NOT IN (
    SELECT event, key FROM hufu_outbox WHERE state = 0 AND due_at > 0 AND key IS NOT NULL))
  ORDER BY seq LIMIT ?`

const DUE = `SELECT seq, event, key FROM hufu_outbox
  WHERE state = ?1 AND due_at > 0 AND (due_at <= ?2 OR due_at > ?2 + ?3)
  ORDER BY due_at LIMIT ?4`

const RESEND = `UPDATE hufu_outbox SET state = 1, due_at = ?2,
  attempts = CASE state WHEN 0 THEN 0 ELSE attempts + 1 END WHERE seq = ?1 AND state < 2`

interface Candidate {
  seq: number
  event: string
  key: string | null
}

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
      if (candidates(reader, os.clock.now(), 1).length === 0)
        return { token: 0, rows: [], more: false }
      if (!(await this.#lease.take(request))) return undefined
    }
    const found = candidates(reader, os.clock.now(), request.limit * LOOK_AHEAD)
    const chosen = firstOfEachKey(found, request.limit)
    const rows = chosen.map((candidate) => load(reader, candidate.seq))
    return { token: this.#lease.token, rows, more: chosen.length < found.length }
  }

  settle(tx: SqliteTx, token: number, outcomes: readonly SendOutcome[]): boolean {
    const connection = connectionOf(tx)
    if (!this.#lease.holds(connection, token)) return false
    const now = this.#opened().os.clock.now()
    for (const outcome of outcomes) store(connection, outcome, now)
    return true
  }

  release(relay: string): Promise<void> {
    return this.#lease.release(relay)
  }

  letGo(): void {
    this.#lease.letGo()
  }
}

function candidates(reader: Connection, now: number, limit: number): Candidate[] {
  const refused = reader.all<Candidate>(DUE, 0, now, REFUSED_MS_MAX, limit)
  const fresh = reader.all<Candidate>(FRESH, limit)
  const overdue = reader.all<Candidate>(DUE, 1, now, RESEND_MS_MAX, limit)
  return [...refused, ...fresh, ...overdue]
}

/** Of a key only the earliest row: were it refused, a later one must not have been sent. */
function firstOfEachKey(found: Candidate[], limit: number): Candidate[] {
  const keys = new Set<string>()
  const chosen: Candidate[] = []
  for (const candidate of found) {
    if (chosen.length === limit) break
    const key = `${candidate.event}\n${candidate.key}`
    if (candidate.key !== null && keys.has(key)) continue
    keys.add(key)
    chosen.push(candidate)
  }
  return chosen
}

function load(reader: Connection, seq: number): OutboxRow {
  const row = reader.get('SELECT * FROM hufu_outbox WHERE seq = ?', seq)!
  if (row.state !== 1) return outboxRow(row, false)
  const groups = missingGroups(reader, seq, String(row.groups))
  return { ...outboxRow(row, true), groups }
}

function store(connection: Connection, outcome: SendOutcome, now: number): void {
  const { ref } = outcome
  if (outcome.outcome === 'refused') {
    const sql =
      'UPDATE hufu_outbox SET due_at = ?, attempts = attempts + 1 WHERE seq = ? AND state < 2'
    connection.run(sql, outcome.dueAt, ref)
  } else if (outcome.outcome === 'parked') {
    connection.run('UPDATE hufu_outbox SET state = 3, due_at = 0 WHERE seq = ? AND state < 2', ref)
  } else if (outcome.resendAt === null) {
    const sql = 'UPDATE hufu_outbox SET state = 2, due_at = NULL, closed_at = ? WHERE seq = ?'
    connection.run(sql, now, ref)
  } else connection.run(RESEND, ref, outcome.resendAt)
}
