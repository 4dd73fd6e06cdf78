import type { OutboxRow } from '../../ports/store.ts'
import type { Connection } from './connection.ts'
import { AS_STORED, cursorOf } from './cursor.ts'
import type { Recent } from './recent.ts'
import type { OutboxRecord } from './rows.ts'
import { missingGroups, OUTBOX_COLUMNS, outboxRow } from './rows.ts'

/** A refused row never waits longer, ms: a later due time means that the clock has jumped back. */
const REFUSED_MS_MAX = 2 * 3_600_000

/** The same for repeats because of missing receipts, ms. */
const RESEND_MS_MAX = 800 * 86_400_000

/** So many pages of rows are looked at to find other keys behind a busy one. */
const LOOK_AHEAD = 4

const WAITING = 'state = 0 AND due_at > 0'

const ANY_WAITING = `SELECT 1 FROM hufu_outbox WHERE ${WAITING} LIMIT 1`

/** Rows of this key, of which there are such, stay where they are. */
const notOfKeys = (such: string) => `(key IS NULL OR (event, key) NOT IN (
  SELECT event, key FROM hufu_outbox WHERE ${such} AND key IS NOT NULL))`

/** Refused ones, and repeats. */
const DUE = `SELECT ${OUTBOX_COLUMNS} FROM hufu_outbox
  WHERE state = ? AND due_at > 0 AND due_at BETWEEN 2 AND ? ORDER BY due_at LIMIT ?`

/** Of its own: an OR of the two would look at every open row. */
const DUE_TOO_LATE = `SELECT ${OUTBOX_COLUMNS} FROM hufu_outbox
  WHERE state = ? AND due_at > 0 AND due_at > ? ORDER BY due_at LIMIT ?`

/** Without the bodies, as most of what stands behind a busy key is not claimed. */
const AT_ONCE = `SELECT seq, event, key FROM hufu_outbox WHERE state = 0 AND due_at > 0
  AND due_at = 1 AND ${notOfKeys('state = 0 AND due_at > 0 AND due_at > 1')} ORDER BY seq LIMIT ?`

const FRESH = `FROM hufu_outbox WHERE seq > ? AND ${AS_STORED}`
const OF_FREE_KEYS = notOfKeys(WAITING)

const ONE = `SELECT ${OUTBOX_COLUMNS} FROM hufu_outbox WHERE seq = ?`

/** An `OutboxRecord`, or its first columns. */
type Candidate = readonly [seq: number, event: string, key: string | null, ...unknown[]]

/** Rows to be sent now. */
export interface Candidates {
  readonly rows: readonly OutboxRow[]
  /** There may be more. */
  readonly more: boolean
}

/** Whether there is anything to claim at all. */
export function isAnything(reader: Connection, now: number): boolean {
  return new Search(reader, now, 1).found().rows.length > 0
}

/**
 * Refused rows that are due; those set aside, and then the fresh ones, in commit order; overdue
 * ones. At most `limit`.
 */
export function candidates(
  reader: Connection,
  now: number,
  limit: number,
  recent: Recent,
): Candidates {
  return new Search(reader, now, limit, recent).found()
}

class Search {
  readonly #reader: Connection
  readonly #now: number
  readonly #limit: number
  readonly #recent: Recent | undefined
  readonly #chosen: Chosen
  readonly #rows: OutboxRow[] = []
  /** Rows that might have been taken. */
  #seen = 0

  constructor(reader: Connection, now: number, limit: number, recent?: Recent) {
    this.#reader = reader
    this.#now = now
    this.#limit = limit
    this.#recent = recent
    this.#chosen = new Chosen(limit)
  }

  found(): Candidates {
    const waiting = this.#reader.tuple(ANY_WAITING) !== undefined
    if (waiting) this.#due(0, REFUSED_MS_MAX)
    // Behind too many that were set aside nothing is taken: they would become ever more.
    if (!waiting || this.#atOnce() < this.#limit * LOOK_AHEAD) this.#fresh(waiting)
    this.#due(1, RESEND_MS_MAX)
    const more = this.#rows.length < this.#seen || this.#seen >= this.#limit
    return { rows: this.#rows, more }
  }

  #due(state: 0 | 1, latestMs: number): void {
    this.#take(this.#reader.tuples<OutboxRecord>(DUE, state, this.#now, this.#limit))
    const tooLate = [state, this.#now + latestMs, this.#limit]
    this.#take(this.#reader.tuples<OutboxRecord>(DUE_TOO_LATE, ...tooLate))
  }

  #atOnce(): number {
    return this.#takeKeys(this.#reader.tuples<Candidate>(AT_ONCE, this.#limit * LOOK_AHEAD))
  }

  #fresh(waiting: boolean): void {
    const from = cursorOf(this.#reader)
    if (!waiting && this.#takeRecent(from)) return
    const which = waiting ? `${FRESH} AND ${OF_FREE_KEYS}` : FRESH
    const page = `SELECT ${OUTBOX_COLUMNS} ${which} ORDER BY seq LIMIT ?`
    const found = this.#reader.tuples<OutboxRecord>(page, from, this.#limit)
    this.#take(found)
    if (found.length < this.#limit || this.#chosen.full) return
    const ahead = `SELECT seq, event, key ${which} ORDER BY seq LIMIT ?`
    const room = this.#limit * (LOOK_AHEAD - 1)
    this.#takeKeys(this.#reader.tuples<Candidate>(ahead, found.at(-1)![0], room))
  }

  /** False: nothing that is in memory comes next. */
  #takeRecent(from: number): boolean {
    const found = this.#recent?.behind(from) ?? []
    this.#seen += found.length
    for (const row of found) {
      if (this.#chosen.full) break
      if (this.#chosen.take(row.event, row.key)) this.#rows.push(row)
    }
    return found.length > 0
  }

  #take(found: readonly OutboxRecord[]): void {
    this.#seen += found.length
    for (const row of found) {
      if (this.#chosen.take(row[1], row[2])) this.#rows.push(loaded(this.#reader, row))
    }
  }

  #takeKeys(found: readonly Candidate[]): number {
    this.#seen += found.length
    for (const row of found) {
      if (!this.#chosen.take(row[1], row[2])) continue
      this.#rows.push(outboxRow(this.#reader.tuple<OutboxRecord>(ONE, row[0])!, false))
    }
    return found.length
  }
}

/** Of a key only the earliest row: were it refused, a later one must not have been sent. */
class Chosen {
  readonly #keys = new Map<string, Set<string>>()
  #room: number

  constructor(limit: number) {
    this.#room = limit
  }

  get full(): boolean {
    return this.#room === 0
  }

  /** Whether the row is one of the claim. */
  take(event: string, key: string | null): boolean {
    if (this.full || (key !== null && !this.#isNew(event, key))) return false
    this.#room--
    return true
  }

  #isNew(event: string, key: string): boolean {
    let keys = this.#keys.get(event)
    if (keys === undefined) {
      keys = new Set()
      this.#keys.set(event, keys)
    }
    const before = keys.size
    return keys.add(key).size > before
  }
}

function loaded(reader: Connection, row: OutboxRecord): OutboxRow {
  const [seq, , , state, , , stored] = row
  if (state !== 1) return outboxRow(row, false)
  return { ...outboxRow(row, true), groups: missingGroups(reader, seq, stored) }
}
