import type {
  DueFilter,
  NewParked,
  ParkedChange,
  ParkedFilter,
  ParkedKey,
  ParkedRow,
  ParkedStore,
} from '../../ports/store.ts'
import type { Opened } from './access.ts'
import type { Session, SqlValue } from './session.ts'
import { NOW, unlessThere, whole } from './session.ts'
import { CHARS, demandLength } from './texts.ts'
import { type MysqlTx, markWork, sessionOf } from './tx.ts'

const INSERT = `INSERT INTO hufu_parked (kind, event, grp, id, key_value, headers, body, state,
  live, cause, detail, attempts, holds_key, next_at, parked_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ${NOW}) ${unlessThere('ref')}`

const REF = `SELECT ref FROM hufu_parked
  WHERE kind = ? AND event = ? AND grp = ? AND id = ? AND live = 1`

const HOLDING = `SELECT count(*) AS n FROM (SELECT 1 FROM hufu_parked WHERE event = ? AND grp = ?
  AND key_value = ? AND holds_key = 1 AND live = 1 LIMIT`

/** Work of a key runs only when nothing that holds the key stands before it. */
const DUE = `SELECT * FROM hufu_parked p WHERE kind = ? AND state = 'waiting' AND next_at <= ${NOW}
  AND (holds_key = 0 OR NOT EXISTS (SELECT 1 FROM hufu_parked q
    WHERE q.event = p.event AND q.grp = p.grp AND q.key_value = p.key_value AND q.ref < p.ref
    AND q.holds_key = 1 AND q.live = 1))`

const CHANGE = `UPDATE hufu_parked SET state = ?, attempts = ?, next_at = ?,
  cause = COALESCE(?, cause), detail = COALESCE(?, detail), resolution = ?, live = ?,
  resolved_at = IF(?, ${NOW}, NULL) WHERE ref = ?`

const GET = 'SELECT * FROM hufu_parked WHERE ref = ? FOR UPDATE'

export function createParked(opened: Opened): ParkedStore<MysqlTx> {
  const inside = (tx: MysqlTx) => sessionOf(tx, opened().names)
  const own = () => opened().own
  return {
    add: async (tx, row) => add(tx, await inside(tx), row),
    async has(key, tx) {
      if (tx) return has(await inside(tx), key)
      return own().alone((session) => has(session, key))
    },
    async holding(tx, event, group, key, atMost) {
      const session = await inside(tx)
      const sql = `${HOLDING} ${whole(atMost)}) held`
      return (await session.row<{ n: number }>(sql, event, group, key))!.n
    },
    async get(tx, ref) {
      const session = await inside(tx)
      const row = await session.row<Columns>(GET, ref)
      return row && parkedRow(row)
    },
    list: (filter) => own().alone((session) => list(session, filter)),
    due: (filter) => own().alone((session) => due(session, filter)),
    async change(tx, ref, change) {
      await (await inside(tx)).run(CHANGE, ...valuesOf(change), ref)
      markWork(tx, 'parked')
    },
    count(state) {
      const sql = 'SELECT count(*) AS n FROM hufu_parked WHERE state = ?'
      return own().alone(async (session) => (await session.row<{ n: number }>(sql, state))!.n)
    },
  }
}

async function add(tx: MysqlTx, session: Session, row: NewParked): Promise<number> {
  const { kind, event, group, id, key, headers, body, state, cause, detail } = row
  const what = `Parking ${event}/${group}/${id}`
  demandLength(event, CHARS.name, what)
  demandLength(group, CHARS.name, what)
  demandLength(id, CHARS.id, what)
  demandLength(key, CHARS.id, what)
  const named = [kind, event, group, id] as const
  const told = [state, cause, detail, row.attempts, row.holdsKey ? 1 : 0, row.nextAttemptAt]
  const ref = await session.insert(INSERT, ...named, key, JSON.stringify(headers), body, ...told)
  if (state === 'waiting') markWork(tx, 'parked')
  if (ref > 0) return ref
  return (await session.row<{ ref: number }>(`${REF} FOR UPDATE`, ...named))!.ref
}

async function has(session: Session, { kind, event, group, id }: ParkedKey): Promise<boolean> {
  return (await session.row(REF, kind, event, group, id)) !== undefined
}

async function list(session: Session, filter: ParkedFilter): Promise<ParkedRow[]> {
  const { state, event, group, key, kind, afterRef = 0, limit } = filter
  const terms = ['ref > ?', state === undefined ? 'live = 1' : 'state = ?']
  const values: SqlValue[] = state === undefined ? [afterRef] : [afterRef, state]
  const wanted = { event, grp: group, key_value: key, kind }
  for (const [column, value] of Object.entries(wanted)) {
    if (value === undefined) continue
    terms.push(`${column} = ?`)
    values.push(value)
  }
  const sql = `SELECT * FROM hufu_parked WHERE ${terms.join(' AND ')}
    ORDER BY ref LIMIT ${whole(limit)}`
  return (await session.rows<Columns>(sql, ...values)).map(parkedRow)
}

async function due(session: Session, { kind, event, group, limit }: DueFilter) {
  const values: SqlValue[] = [kind]
  let sql = DUE
  for (const [column, value] of Object.entries({ event, grp: group })) {
    if (value === undefined) continue
    sql += ` AND ${column} = ?`
    values.push(value)
  }
  const rows = await session.rows<Columns>(`${sql} ORDER BY ref LIMIT ${whole(limit)}`, ...values)
  return rows.map(parkedRow)
}

function valuesOf({ state, attempts, nextAttemptAt, cause, detail, resolution }: ParkedChange) {
  const resolved = state === 'resolved'
  const words = [cause ?? null, detail ?? null, resolution ?? null]
  return [state, attempts, nextAttemptAt, ...words, resolved ? null : 1, resolved ? 1 : 0]
}

interface Columns {
  readonly ref: number
  readonly kind: ParkedRow['kind']
  readonly event: string
  readonly grp: string
  readonly id: string
  readonly key_value: string | null
  readonly headers: string
  readonly body: Uint8Array
  readonly state: ParkedRow['state']
  readonly cause: string
  readonly detail: string
  readonly attempts: number
  readonly holds_key: number
  readonly next_at: number | null
  readonly parked_at: number
  readonly resolved_at: number | null
  readonly resolution: string | null
}

function parkedRow(row: Columns): ParkedRow {
  const { ref, kind, event, grp, id, key_value, headers, body, state, cause, detail } = row
  const { attempts, holds_key, next_at, parked_at, resolved_at, resolution } = row
  return {
    ...{ ref, kind, event, group: grp, id, key: key_value, headers: JSON.parse(headers), body },
    ...{ state, cause, detail, attempts, holdsKey: holds_key === 1, nextAttemptAt: next_at },
    ...{ parkedAt: parked_at, resolvedAt: resolved_at, resolution },
  }
}
