import type { SendOutcome } from '../../ports/store.ts'
import type { Connection } from './connection.ts'
import { AS_STORED, cursorOf, moveCursor } from './cursor.ts'

/** A row that waited longer before it was sent keeps the time of its closing, ms. */
const RECENT_MS = 60_000

const SENT = `UPDATE hufu_outbox SET state = 1, due_at = max(2, ?3),
  attempts = CASE state WHEN 0 THEN 0 ELSE attempts + 1 END
  WHERE seq BETWEEN ?1 AND ?2 AND state < 2`

const CLOSED = `UPDATE hufu_outbox SET state = 2, due_at = NULL, closed_at = ?3
  WHERE seq BETWEEN ?1 AND ?2 AND state < 2`

const REFUSED = `UPDATE hufu_outbox SET due_at = max(2, ?), attempts = attempts + 1
  WHERE seq = ? AND state < 2`

const PARKED = 'UPDATE hufu_outbox SET state = 3, due_at = 1 WHERE seq = ? AND state < 2'

const SET_ASIDE = `UPDATE hufu_outbox SET due_at = 1 WHERE seq > ? AND seq <= ? AND ${AS_STORED}
  AND seq NOT IN (SELECT value FROM json_each(?))`

/**
 * Stores what became of rows, and moves the cursor over them. Sent rows that want no receipts need
 * no write of their own then; what the cursor passes and is not among them is set aside.
 */
export function settle(
  connection: Connection,
  outcomes: readonly SendOutcome[],
  now: number,
): void {
  const from = cursorOf(connection)
  const fresh = new Set(outcomes.map(({ ref }) => ref).filter((ref) => ref > from))
  const to = Math.max(from, ...fresh)
  if (fresh.size < to - from) setAside(connection, from, to, fresh)
  const soon = isRecent(connection, from, now)
  const told = outcomes.filter((each) => !(soon && each.ref > from && isClosing(each)))
  for (const run of sentRuns(told)) storeSent(connection, run, now)
  for (const each of told) if (each.outcome !== 'sent') store(connection, each)
  if (to > from) moveCursor(connection, to)
}

function setAside(connection: Connection, from: number, to: number, but: Set<number>): void {
  connection.run(SET_ASIDE, from, to, JSON.stringify([...but]))
}

/** Whether the first row behind the cursor, and so those after it, was published just now. */
function isRecent(connection: Connection, from: number, now: number): boolean {
  const sql = 'SELECT published_at FROM hufu_outbox WHERE seq > ? ORDER BY seq LIMIT 1'
  const first = connection.tuple<[number]>(sql, from)
  return first !== undefined && now - first[0] < RECENT_MS
}

function isClosing(outcome: SendOutcome): boolean {
  return outcome.outcome === 'sent' && outcome.resendAt === null
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
  if (outcome.outcome === 'refused') connection.run(REFUSED, outcome.dueAt, outcome.ref)
  else connection.run(PARKED, outcome.ref)
}
