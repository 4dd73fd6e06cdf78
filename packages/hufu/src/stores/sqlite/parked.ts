import type { NewParked, ParkedFilter, ParkedRow, ParkedStore } from '../../ports/store.ts'
import type { Opened } from './access.ts'
import type { SqliteTx } from './tx.ts'
import { connectionOf, LiveTx, markWork } from './tx.ts'

const INSERT = `INSERT INTO hufu_parked (kind, event, grp, id, key, headers, body, state, cause,
  detail, attempts, holds_key, next_at, parked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT DO NOTHING`

const REF = `SELECT ref FROM hufu_parked WHERE kind = ? AND event = ? AND grp = ? AND id = ?
  AND state <> 'resolved'`

const LIST = `SELECT * FROM hufu_parked WHERE ref > ?1 AND (?2 IS NULL OR event = ?2)
  AND (?3 IS NULL OR grp = ?3) AND (?4 IS NULL OR key = ?4) AND (?5 IS NULL OR kind = ?5)
  AND (CASE WHEN ?6 IS NULL THEN state <> 'resolved' ELSE state = ?6 END) ORDER BY ref LIMIT ?7`

/** Work of a key runs only when nothing that holds the key stands before it. */
const DUE = `SELECT * FROM hufu_parked p WHERE kind = ?1 AND state = 'waiting'
  AND (?2 IS NULL OR event = ?2) AND (?3 IS NULL OR grp = ?3) AND next_at <= ?4
  AND (holds_key = 0 OR NOT EXISTS (SELECT 1 FROM hufu_parked q
    WHERE q.event = p.event AND q.grp = p.grp AND q.key = p.key AND q.ref < p.ref
    AND q.holds_key = 1 AND q.state <> 'resolved')) ORDER BY ref LIMIT ?5`

const CHANGE = `UPDATE hufu_parked SET state = ?2, attempts = ?3, next_at = ?4,
  cause = coalesce(?5, cause), detail = coalesce(?6, detail), resolution = ?7,
  resolved_at = CASE WHEN ?2 = 'resolved' THEN ?8 END WHERE ref = ?1`

export function createParked(opened: Opened): ParkedStore<SqliteTx> {
  const now = () => opened().os.clock.now()
  return {
    add: async (tx, row) => add(tx, row, now()),
    async has({ kind, event, group, id }, tx) {
      if (tx && isNothingParked(tx)) return false
      const connection = tx ? connectionOf(tx) : opened().reader
      return connection.get(REF, kind, event, group, id) !== undefined
    },
    async holding(tx, event, group, key, atMost) {
      const sql = `SELECT count(*) AS n FROM (SELECT 1 FROM hufu_parked WHERE event = ? AND grp = ?
        AND key = ? AND holds_key = 1 AND state <> 'resolved' LIMIT ?)`
      return connectionOf(tx).get<{ n: number }>(sql, event, group, key, atMost)!.n
    },
    async get(tx, ref) {
      const row = connectionOf(tx).get('SELECT * FROM hufu_parked WHERE ref = ?', ref)
      return row && parkedRow(row)
    },
    list: async (filter) => list(opened, filter),
    async due({ kind, event = null, group = null, limit }) {
      return opened().reader.all(DUE, kind, event, group, now(), limit).map(parkedRow)
    },
    async change(tx, ref, change) {
      const { state, attempts, nextAttemptAt, cause, detail, resolution } = change
      if (tx instanceof LiveTx) tx.group.nothingParked = undefined
      const words = [cause ?? null, detail ?? null, resolution ?? null]
      connectionOf(tx).run(CHANGE, ref, state, attempts, nextAttemptAt, ...words, now())
      markWork(tx, 'parked')
    },
    async count(state) {
      const sql = 'SELECT count(*) AS n FROM hufu_parked WHERE state = ?'
      return opened().reader.get<{ n: number }>(sql, state)!.n
    },
  }
}

function add(tx: SqliteTx, row: NewParked, now: number): number {
  const connection = connectionOf(tx)
  if (tx instanceof LiveTx) tx.group.nothingParked = false
  const { kind, event, group, id, key, headers, body, state, cause, detail } = row
  const named = [kind, event, group, id] as const
  const told = [state, cause, detail, row.attempts, row.holdsKey ? 1 : 0, row.nextAttemptAt, now]
  connection.run(INSERT, ...named, key, JSON.stringify(headers), body, ...told)
  if (state === 'waiting') markWork(tx, 'parked')
  return connection.get<{ ref: number }>(REF, ...named)!.ref
}

/** Nearly always so; one look per group of transactions then saves one per message. */
function isNothingParked(tx: SqliteTx): boolean {
  if (!(tx instanceof LiveTx)) return false
  const sql = "SELECT 1 FROM hufu_parked WHERE state <> 'resolved' LIMIT 1"
  tx.group.nothingParked ??= tx.connection.tuple(sql) === undefined
  return tx.group.nothingParked
}

function list(opened: Opened, filter: ParkedFilter): ParkedRow[] {
  const { event = null, group = null, key = null, kind = null, state = null } = filter
  const params = [filter.afterRef ?? 0, event, group, key, kind, state, filter.limit]
  return opened()
    .reader.all(LIST, ...params)
    .map(parkedRow)
}

function parkedRow(row: Record<string, unknown>): ParkedRow {
  return {
    ref: Number(row.ref),
    kind: row.kind as ParkedRow['kind'],
    event: String(row.event),
    group: String(row.grp),
    id: String(row.id),
    key: row.key as string | null,
    headers: JSON.parse(String(row.headers)),
    body: row.body as Uint8Array,
    state: row.state as ParkedRow['state'],
    cause: String(row.cause),
    detail: String(row.detail),
    attempts: Number(row.attempts),
    holdsKey: row.holds_key === 1,
    nextAttemptAt: row.next_at as number | null,
    parkedAt: Number(row.parked_at),
    resolvedAt: row.resolved_at as number | null,
    resolution: row.resolution as string | null,
  }
}
