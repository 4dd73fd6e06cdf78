import type { OutboxRow } from '../../ports/store.ts'
import type { OutboxRecord } from './rows.ts'
import { missingGroups, OUTBOX_COLUMNS, outboxRow } from './rows.ts'
import type { Session } from './session.ts'
import { NOW, whole } from './session.ts'

/** A refused row never waits longer, ms: a later due time means that the clock was set back. */
const REFUSED_MS_MAX = 2 * 3_600_000

/** The same for repeats because of missing receipts, ms. */
const RESEND_MS_MAX = 800 * 86_400_000

/** So many pages of rows are looked at to find other keys behind a busy one. */
const LOOK_AHEAD = 4

const FROM = 'FROM hufu_outbox FORCE INDEX (by_state)'
const FRESH = 'state = 0 AND due_at = 0'

/** Rows whose time has come; an OR of two would look at every open row. */
const DUE = [
  `state = 0 AND due_at BETWEEN 1 AND ${NOW}`,
  `state = 0 AND due_at > ${NOW} + ${REFUSED_MS_MAX}`,
  `state = 1 AND due_at <= ${NOW}`,
  `state = 1 AND due_at > ${NOW} + ${RESEND_MS_MAX}`,
]

const LOOK = `SELECT EXISTS (SELECT 1 ${FROM} WHERE ${FRESH}) AS fresh,
  EXISTS (SELECT 1 ${FROM} WHERE state = 0 AND due_at > 0) AS waiting,
  ${DUE.map((which) => `EXISTS (SELECT 1 ${FROM} WHERE ${which})`).join(' OR ')} AS due`

/** Behind a refused row those of its key stay where they are. */
const OF_FREE_KEYS = `(key_value IS NULL OR (event, key_value) NOT IN (SELECT event, key_value
  ${FROM} WHERE state = 0 AND due_at > 0 AND key_value IS NOT NULL))`

/** What may be claimed, before anybody has looked closer. */
export interface Look {
  readonly fresh: number
  readonly waiting: number
  readonly due: number
}

/** Rows to be sent now. */
export interface Candidates {
  readonly rows: readonly OutboxRow[]
  /** There may be more. */
  readonly more: boolean
}

export async function look(session: Session): Promise<Look> {
  return (await session.row<Look>(LOOK))!
}

/**
 * Refused rows that are due, then the fresh ones in the order of their numbers, then overdue ones.
 * At most `limit`, of each key only the earliest: were it refused, a later one must not have been
 * sent.
 */
export async function candidates(
  session: Session,
  { fresh, waiting, due }: Look,
  limit: number,
): Promise<Candidates> {
  const chosen = new Chosen(limit)
  const timed = due ? await dueRows(session, limit) : []
  chosen.take(timed.filter(({ state }) => state === 0))
  if (fresh) await chooseFresh(session, chosen, limit, waiting === 1)
  chosen.take(timed.filter(({ state }) => state === 1))
  const rows = await loaded(session, chosen.records)
  return { rows, more: rows.length < chosen.seen || chosen.seen >= limit }
}

function dueRows(session: Session, limit: number): Promise<OutboxRecord[]> {
  const parts = DUE.map((which) => {
    return `(SELECT ${OUTBOX_COLUMNS} ${FROM} WHERE ${which} ORDER BY due_at LIMIT ${whole(limit)})`
  })
  return session.rows<OutboxRecord>(parts.join(' UNION ALL '))
}

async function chooseFresh(session: Session, chosen: Chosen, limit: number, waiting: boolean) {
  const which = waiting ? `${FRESH} AND ${OF_FREE_KEYS}` : FRESH
  const page = `SELECT ${OUTBOX_COLUMNS} ${FROM} WHERE ${which} ORDER BY seq LIMIT ${whole(limit)}`
  const found = await session.rows<OutboxRecord>(page)
  chosen.take(found)
  if (found.length < limit || chosen.full) return
  // Without the bodies, as most of what stands behind a busy key is not claimed.
  const ahead = `SELECT seq, event, key_value, state ${FROM} WHERE ${which} AND seq > ?
    ORDER BY seq LIMIT ${whole(limit * (LOOK_AHEAD - 1))}`
  chosen.take(await session.rows<Candidate>(ahead, found.at(-1)!.seq))
}

/** An `OutboxRecord`, or some of its columns. */
type Candidate = Pick<OutboxRecord, 'seq' | 'event' | 'key_value' | 'state'> & Partial<OutboxRecord>

class Chosen {
  readonly records: Candidate[] = []
  /** Rows that might have been taken. */
  seen = 0
  readonly #keys = new Set<string>()
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  get full(): boolean {
    return this.records.length >= this.#limit
  }

  take(found: readonly Candidate[]): void {
    this.seen += found.length
    for (const record of found) {
      if (!this.full && this.#isNew(record)) this.records.push(record)
    }
  }

  #isNew({ event, key_value }: Candidate): boolean {
    if (key_value === null) return true
    const key = JSON.stringify([event, key_value])
    if (this.#keys.has(key)) return false
    this.#keys.add(key)
    return true
  }
}

/** The rows whole, those sent again with the groups that have not answered. */
async function loaded(session: Session, chosen: readonly Candidate[]): Promise<OutboxRow[]> {
  const bare = chosen.filter(({ body }) => body === undefined)
  const read = new Map((await bySeq(session, bare)).map((record) => [record.seq, record]))
  const records = chosen.map((one) => read.get(one.seq) ?? (one as OutboxRecord))
  const again = records.filter(({ state }) => state === 1)
  const missing = await missingGroups(session, again)
  return records.map((record) => outboxRow(record, missing.get(record.seq)))
}

async function bySeq(session: Session, chosen: readonly Candidate[]): Promise<OutboxRecord[]> {
  if (chosen.length === 0) return []
  const seqs = chosen.map(({ seq }) => whole(seq)).join(',')
  const sql = `SELECT ${OUTBOX_COLUMNS} FROM hufu_outbox WHERE seq IN (${seqs})`
  return session.rowsOfText<OutboxRecord>(sql)
}
