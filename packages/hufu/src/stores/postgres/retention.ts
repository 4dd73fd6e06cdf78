import type { Retained, RetentionStore } from '../../ports/store.ts'
import type { Opened, OwnStatements } from './access.ts'
import type { Tables } from './tables.ts'

const WHAT = 'Deleting old rows'

/** Rows of the barrier looked at in one go. */
const PAGE = 1_000

export function createRetention(t: Tables, opened: Opened): RetentionStore {
  const statements: Record<Exclude<Retained, 'barrier'>, string> = {
    journal: aged(t.journal),
    fence: aged(t.fence),
    audit: aged(t.audit),
    parked: finished(t.parked, 'ref', 'resolved_at IS NOT NULL AND resolved_at'),
    transactions: finished(t.transactions, 'id', 'finished_at IS NOT NULL AND finished_at'),
    outbox: `WITH gone AS (${finished(t.outbox, 'seq', 'state = 2 AND closed_at')} RETURNING seq),
      answers AS (DELETE FROM ${t.receipts} WHERE seq = ANY(ARRAY(SELECT seq FROM gone)))
      SELECT seq FROM gone`,
  }
  const purgeBarrier = barrierPurge(t)
  return {
    async purge(what, before, limit) {
      const { own } = opened()
      if (what === 'barrier') return purgeBarrier(own, before, limit)
      return (await own.write(WHAT, statements[what], [before, limit])).rowCount ?? 0
    },
  }
}

/** Of tables whose rows are finished when they are made: only the oldest are looked at. */
function aged(table: string): string {
  return `DELETE FROM ${table} WHERE seq = ANY(ARRAY(SELECT seq FROM (
    SELECT seq, at FROM ${table} ORDER BY seq LIMIT $2) AS oldest WHERE at < $1))`
}

/** Of tables with an index on the time at which rows were finished. */
function finished(table: string, key: string, when: string): string {
  return `DELETE FROM ${table} WHERE ${key} = ANY(ARRAY(SELECT ${key} FROM ${table}
    WHERE ${when} < $1 ORDER BY ${when.split(' ').at(-1)} LIMIT $2 FOR UPDATE SKIP LOCKED))`
}

interface Entered {
  readonly id: unknown
  /** Null: the time is not known, as in rows that some of dtm's clients have written. */
  readonly old: boolean | null
  readonly needed: boolean
}

/**
 * The barrier has no index on time, being dtm's: it is read in the order of its numbers until a
 * row is too young.
 */
function barrierPurge(t: Tables) {
  const page = `SELECT id, create_time < to_timestamp($1::float8 / 1000) AS old,
      EXISTS (SELECT 1 FROM ${t.transactions} t WHERE t.id = b.gid AND t.finished_at IS NULL)
        AS needed
    FROM ${t.barrier} b WHERE id > $2 ORDER BY id LIMIT ${PAGE}`
  const remove = `WITH gone AS (DELETE FROM ${t.barrier} WHERE id = ANY($1::bigint[])
      RETURNING gid, branch_id, op, barrier_id),
    answers AS (DELETE FROM ${t.results} r USING gone g WHERE r.gid = g.gid
      AND r.branch_id = g.branch_id AND r.op = g.op AND r.barrier_id = g.barrier_id)
    SELECT 1 FROM gone`
  return async (own: OwnStatements, before: number, limit: number): Promise<number> => {
    const found: unknown[] = []
    let after: unknown = 0
    for (let more = true; more && found.length < limit; ) {
      const { rows } = await own.read<Entered>(WHAT, page, [before, after])
      found.push(...rows.filter((row) => row.old && !row.needed).map((row) => row.id))
      more = rows.length === PAGE && rows.every((row) => row.old !== false)
      after = rows.at(-1)?.id
    }
    if (found.length === 0) return 0
    return (await own.write(WHAT, remove, [found.slice(0, limit)])).rowCount ?? 0
  }
}
