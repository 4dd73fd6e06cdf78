import { HufuError } from '../../errors.ts'
import type { NewParked, ParkedRow, ParkedStore } from '../../ports/store.ts'
import type { Opened } from './access.ts'
import type { Tables } from './tables.ts'
import { NOW } from './tables.ts'
import type { PostgresTx } from './tx.ts'
import { first, markWork, run } from './tx.ts'

/** The same work may be resolved by others between finding it stored and reading its number. */
const ADD_TRIES = 5

const READING = 'Reading parked work'

export function createParked(t: Tables, opened: Opened): ParkedStore<PostgresTx> {
  const sql = statements(t)
  const read = async <Row>(text: string, params: unknown[]) =>
    (await opened().own.read<Row>(READING, text, params)).rows
  return {
    add: (tx, row) => add(tx, sql, row),
    async has({ kind, event, group, id }, tx) {
      const params = [kind, event, group, id]
      const rows = tx ? (await run(tx, sql.ref, params)).rows : await read(sql.ref, params)
      return rows.length > 0
    },
    async holding(tx, event, group, key, atMost) {
      const found = await first<{ n: unknown }>(tx, sql.holding, [event, group, key, atMost])
      return Number(found!.n)
    },
    async get(tx, ref) {
      const row = await first(tx, sql.get, [ref])
      return row && parkedRow(row)
    },
    async list(filter) {
      const { event = null, group = null, key = null, kind = null, state = null } = filter
      const params = [filter.afterRef ?? 0, event, group, key, kind, state, filter.limit]
      return (await read<Record<string, unknown>>(sql.list, params)).map(parkedRow)
    },
    async due({ kind, event = null, group = null, limit }) {
      const params = [kind, event, group, limit]
      return (await read<Record<string, unknown>>(sql.due, params)).map(parkedRow)
    },
    async change(tx, ref, { state, attempts, nextAttemptAt, cause, detail, resolution }) {
      await run(tx, sql.change, [ref, state, attempts, nextAttemptAt, cause, detail, resolution])
      markWork(tx, 'parked')
    },
    async count(state) {
      return Number((await read<{ n: unknown }>(sql.count, [state]))[0]!.n)
    },
  }
}

function statements(t: Tables) {
  return {
    insert: `INSERT INTO ${t.parked} (kind, event, grp, id, key, headers, body, state, cause,
      detail, attempts, holds_key, next_at, parked_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, ${NOW})
      ON CONFLICT DO NOTHING RETURNING ref`,
    ref: `SELECT ref FROM ${t.parked} WHERE kind = $1 AND event = $2 AND grp = $3 AND id = $4
      AND state <> 'resolved'`,
    holding: `SELECT count(*) AS n FROM (SELECT 1 FROM ${t.parked} WHERE event = $1 AND grp = $2
      AND key = $3 AND holds_key AND state <> 'resolved' LIMIT $4) AS found`,
    get: `SELECT * FROM ${t.parked} WHERE ref = $1 FOR UPDATE`,
    list: `SELECT * FROM ${t.parked} WHERE ref > $1 AND ($2::text IS NULL OR event = $2)
      AND ($3::text IS NULL OR grp = $3) AND ($4::text IS NULL OR key = $4)
      AND ($5::text IS NULL OR kind = $5)
      AND (CASE WHEN $6::text IS NULL THEN state <> 'resolved' ELSE state = $6 END)
      ORDER BY ref LIMIT $7`,
    // Work of a key runs only when nothing that holds the key stands before it.
    due: `SELECT * FROM ${t.parked} p WHERE kind = $1 AND state = 'waiting'
      AND ($2::text IS NULL OR event = $2) AND ($3::text IS NULL OR grp = $3)
      AND next_at <= ${NOW} AND (NOT holds_key OR NOT EXISTS (SELECT 1 FROM ${t.parked} q
        WHERE q.event = p.event AND q.grp = p.grp AND q.key = p.key AND q.ref < p.ref
        AND q.holds_key AND q.state <> 'resolved')) ORDER BY ref LIMIT $4`,
    change: `UPDATE ${t.parked} SET state = $2::text, attempts = $3, next_at = $4,
      cause = coalesce($5, cause), detail = coalesce($6, detail), resolution = $7,
      resolved_at = CASE WHEN $2::text = 'resolved' THEN ${NOW} END WHERE ref = $1`,
    count: `SELECT count(*) AS n FROM ${t.parked} WHERE state = $1`,
  }
}

async function add(
  tx: PostgresTx,
  sql: ReturnType<typeof statements>,
  row: NewParked,
): Promise<number> {
  const named = [row.kind, row.event, row.group, row.id]
  const { key, headers, body, state, cause, detail, attempts, holdsKey, nextAttemptAt } = row
  const told = [key, JSON.stringify(headers), body, state, cause, detail]
  if (state === 'waiting') markWork(tx, 'parked')
  for (let tries = 0; tries < ADD_TRIES; tries++) {
    const values = [...named, ...told, attempts, holdsKey, nextAttemptAt]
    const found =
      (await first<{ ref: unknown }>(tx, sql.insert, values)) ??
      (await first<{ ref: unknown }>(tx, sql.ref, named))
    if (found) return Number(found.ref)
  }
  const text = 'others store and resolve it all the time'
  throw new HufuError('STORE_BUSY', `Parking ${row.event} ${row.id}: ${text}`)
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
    holdsKey: row.holds_key === true,
    nextAttemptAt: timeOf(row.next_at),
    parkedAt: Number(row.parked_at),
    resolvedAt: timeOf(row.resolved_at),
    resolution: row.resolution as string | null,
  }
}

function timeOf(value: unknown): number | null {
  return value === null ? null : Number(value)
}
