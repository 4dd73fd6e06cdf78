import { OUTBOX_COLUMNS } from './rows.ts'
import type { Tables } from './tables.ts'
import { NOW } from './tables.ts'

/** The statements of the outbox but those of its relay. */
export function outboxStatements(t: Tables) {
  return {
    insert: `INSERT INTO ${t.outbox} (event, id, key, state, due_at, missing, attempts,
      published_at, closed_at, delay_ms, receipts, groups, headers, body)
      VALUES ($1, $2, $3, $4::smallint, $5, $6, 0, ${NOW},
        CASE WHEN $4::smallint = 2 THEN ${NOW} END, $7, $8, $9, $10, $11)
      ON CONFLICT DO NOTHING`,
    stored: `SELECT key, body FROM ${t.outbox} WHERE event = $1 AND id = $2`,
    find: `SELECT ${OUTBOX_COLUMNS} FROM ${t.outbox} o WHERE event = $1 AND id = $2`,
    answer: `WITH wanted AS (SELECT seq FROM ${t.outbox}
        WHERE event = $1 AND id = $2 AND receipts AND $3 = ANY(groups)),
      added AS (INSERT INTO ${t.receipts} (seq, grp, outcome, body, at)
        SELECT seq, $3, $4, $5, ${NOW} FROM wanted ON CONFLICT DO NOTHING RETURNING seq)
      UPDATE ${t.outbox} SET missing = missing - 1,
        state = CASE WHEN missing = 1 THEN 2 ELSE state END,
        due_at = CASE WHEN missing = 1 THEN NULL ELSE due_at END,
        closed_at = CASE WHEN missing = 1 THEN ${NOW} END
      WHERE seq = (SELECT seq FROM added)`,
    receipts: `SELECT o.event, o.id, r.grp AS "group", r.outcome, r.body FROM ${t.outbox} o
      JOIN ${t.receipts} r ON r.seq = o.seq WHERE o.event = $1 AND o.id = $2 ORDER BY r.at`,
    reopen: `UPDATE ${t.outbox} SET state = 0, due_at = 1, attempts = 0
      WHERE seq = $1 AND state = 3`,
    close: `UPDATE ${t.outbox} SET state = 2, due_at = NULL, closed_at = ${NOW}
      WHERE seq = $1 AND state = 3`,
    open: open(t),
    waiting: `SELECT count(*) AS n FROM (
      (SELECT 1 FROM ${t.outbox} WHERE state = 0 AND due_at = 0 LIMIT $1) UNION ALL
      (SELECT 1 FROM ${t.outbox} WHERE state = 0 AND due_at > 0 LIMIT $1) LIMIT $1) AS found`,
    stats: stats(t),
  }
}

/** What waits for something, and what the relay has not come to: each from its own index. */
function open(t: Tables): string {
  const rows = (which: string) => `(SELECT * FROM ${t.outbox}
    WHERE event = $1 AND published_at < $2 AND ${which} ORDER BY seq LIMIT $3)`
  return `SELECT o.event, o.id, o.key, array_to_json(o.groups)::text AS groups, o.published_at,
      o.state, (SELECT coalesce(json_agg(r.grp), '[]')::text FROM ${t.receipts} r
        WHERE r.seq = o.seq) AS answered
    FROM (${rows('state = 0 AND due_at = 0')}
      UNION ALL ${rows('state IN (0, 1, 3) AND due_at > 0')}) AS o ORDER BY o.seq LIMIT $3`
}

function stats(t: Tables): string {
  return `SELECT waiting + fresh AS waiting, open,
      greatest(0, ${NOW} - least(oldest, oldest_fresh, ${NOW})) AS oldest
    FROM (SELECT count(*) FILTER (WHERE state = 0) AS waiting,
        count(*) FILTER (WHERE state = 1) AS open,
        min(published_at) FILTER (WHERE state = 0) AS oldest
      FROM ${t.outbox} WHERE state IN (0, 1) AND due_at > 0) AS told,
      (SELECT count(*) AS fresh, min(published_at) AS oldest_fresh FROM ${t.outbox}
        WHERE state = 0 AND due_at = 0) AS untold`
}
