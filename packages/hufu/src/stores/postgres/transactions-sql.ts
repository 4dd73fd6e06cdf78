import type { Tables } from './tables.ts'
import { NOW } from './tables.ts'

/** Of the table of transactions, named as in `TransactionRow`. */
const COLUMNS = `t.id, t.kind, t.name, t.hash, t.key, t.input, t.headers, t.status, t.state,
  t.due_at AS "dueAt", t.owner, t.created_at AS "createdAt", t.updated_at AS "updatedAt",
  t.finished_at AS "finishedAt"`

/** An end further away than anybody asks for means that the clock was set back. */
const LIVING = `(lease_until > ${NOW} AND lease_until <= ${NOW} + 2 * lease_ms)`

/** Pairs of name and hash, of two arrays. */
const DEFINITIONS = (names: string, hashes: string) =>
  `unnest(${names}::text[], ${hashes}::text[]) AS d (name, hash)`

/** Statements about global transactions. Many rows are one statement: an array for each column. */
export function transactionStatements(t: Tables) {
  const from = `FROM ${t.transactions} t`
  return {
    insert: insert(t),
    same: `SELECT id, name, input FROM ${t.transactions} WHERE id = ANY($1::text[])`,
    take: `UPDATE ${t.transactions} t SET owner = $1 WHERE id = $2 AND finished_at IS NULL
      RETURNING ${COLUMNS}`,
    save: save(t),
    insertAndSave: insertAndSave(t),
    get: `SELECT ${COLUMNS} ${from} WHERE id = $1`,
    list: `SELECT ${COLUMNS} ${from}`,
    unknown: `WITH found AS MATERIALIZED (SELECT id, created_at ${from}
        WHERE status IN ('running', 'parked', 'inDoubt') AND NOT EXISTS (
          SELECT 1 FROM ${DEFINITIONS('$1', '$2')} WHERE d.name = t.name AND d.hash = t.hash))
      SELECT ${COLUMNS} ${from} WHERE id = ANY(ARRAY(
        SELECT id FROM found ORDER BY created_at, id LIMIT $3)) ORDER BY created_at, id`,
    counts: `SELECT count(*) FILTER (WHERE status = 'running') AS running,
        count(*) FILTER (WHERE status = 'parked') AS parked,
        count(*) FILTER (WHERE status = 'inDoubt') AS "inDoubt"
      ${from} WHERE status IN ('running', 'parked', 'inDoubt')`,
    claim: claim(t),
    register: `INSERT INTO ${t.coordinators} (lease_until, lease_ms)
      VALUES (${NOW} + $1::bigint, $1) RETURNING number`,
    renew: `UPDATE ${t.coordinators} SET lease_until = ${NOW} + $2::bigint, lease_ms = $2
      WHERE number = $1`,
    unregister: `DELETE FROM ${t.coordinators} WHERE number = $1`,
  }
}

const INSERT_PARAMS = 12

/** $10: due times, $11: owners, $12: whether it is final. */
function insert(t: Tables): string {
  const texts = [...Array(9).keys()].map((n) => `$${n + 1}::text[]`).join(', ')
  return `INSERT INTO ${t.transactions} (id, kind, name, hash, key, input, headers, status, state,
      due_at, owner, created_at, updated_at, finished_at)
    SELECT id, kind, name, hash, key, input, headers, status, state, due_at, owner, ${NOW}, ${NOW},
      CASE WHEN final THEN ${NOW} END
    FROM unnest(${texts}, $10::bigint[], $11::bigint[], $12::boolean[]) AS s
      (id, kind, name, hash, key, input, headers, status, state, due_at, owner, final)
    ON CONFLICT (id) DO NOTHING RETURNING id`
}

/**
 * Rows are named twice, by join and by `ANY`: on a table without statistics the join alone would
 * read all of it. `CASE` hides from the planner what it would guess at: that nearly no row is left,
 * and that the index of owners leads to them. It would then read all that this coordinator has in
 * hand, or all that is to be saved for each row of it.
 */
function save(t: Tables): string {
  return `UPDATE ${t.transactions} t SET status = s.status, state = s.state, due_at = s.due_at,
      owner = CASE WHEN s.release OR s.final THEN 0 ELSE t.owner END, updated_at = ${NOW},
      finished_at = CASE WHEN s.final THEN ${NOW} END
    FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::boolean[], $7::boolean[])
      AS s (id, status, state, due_at, release, final)
    WHERE t.id = ANY($2::text[]) AND t.id = s.id
      AND CASE WHEN t.owner = $1 THEN t.finished_at IS NULL ELSE false END
    RETURNING t.id`
}

/** Parameters of `insert`, then those of `save`. */
function insertAndSave(t: Tables): string {
  const saves = save(t).replace(/\$(\d+)/g, (_, n) => `$${Number(n) + INSERT_PARAMS}`)
  return `WITH i AS (${insert(t)}), u AS (${saves})
    SELECT id, false AS saved FROM i UNION ALL SELECT id, true FROM u`
}

/**
 * One statement that locks nothing when there is nothing to do. $1: the claiming coordinator, $2
 * and $3: names and hashes of definitions, $4: how many.
 *
 * A coordinator is void when it has no row; whose lease has ended loses it here. `owners` steps
 * from one owner to the next in the index, however many transactions each has. Rows that others
 * have locked are passed over; what is locked is looked at again in its last version. Conditions
 * repeat those of the indexes word for word: else the planner would not see that they fit.
 */
function claim(t: Tables): string {
  const open = 'finished_at IS NULL'
  const nextOwner = (above: string) => `(SELECT owner FROM ${t.transactions}
    WHERE owner > ${above} AND owner > 0 AND ${open} ORDER BY owner LIMIT 1)`
  const free = `t.name = d.name AND t.hash = d.hash AND ${open}`
  return `WITH RECURSIVE me AS MATERIALIZED
      (SELECT 1 FROM ${t.coordinators} WHERE number = $1 AND ${LIVING}),
    expired AS (DELETE FROM ${t.coordinators} WHERE NOT ${LIVING} AND EXISTS (SELECT 1 FROM me)),
    owners AS (SELECT ${nextOwner('0')} AS owner UNION ALL
      SELECT ${nextOwner('o.owner')} FROM owners o WHERE o.owner IS NOT NULL),
    void AS MATERIALIZED (SELECT owner FROM owners o WHERE owner IS NOT NULL AND EXISTS
      (SELECT 1 FROM me) AND NOT EXISTS
      (SELECT 1 FROM ${t.coordinators} c WHERE c.number = o.owner AND ${LIVING})),
    orphans AS MATERIALIZED (SELECT found.id FROM void CROSS JOIN ${DEFINITIONS('$2', '$3')},
      LATERAL (SELECT id FROM ${t.transactions} t WHERE t.owner = void.owner AND t.owner > 0
        AND ${free} LIMIT $4 FOR UPDATE SKIP LOCKED) AS found LIMIT $4),
    due AS MATERIALIZED (SELECT found.id FROM me CROSS JOIN ${DEFINITIONS('$2', '$3')},
      LATERAL (SELECT id, due_at FROM ${t.transactions} t WHERE t.owner = 0 AND ${free}
        AND due_at <= ${NOW} ORDER BY due_at LIMIT $4 FOR UPDATE SKIP LOCKED) AS found
      ORDER BY found.due_at LIMIT $4)
    UPDATE ${t.transactions} t SET owner = $1 WHERE id = ANY(ARRAY(
      SELECT id FROM orphans UNION ALL SELECT id FROM due LIMIT $4))
    RETURNING ${COLUMNS}, id = ANY(ARRAY(SELECT id FROM orphans)) AS orphan`
}
