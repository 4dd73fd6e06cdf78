import { DatabaseSync } from 'node:sqlite'
import { fileOf, type Place, type Row } from './place.ts'

/** What is not as it must be at every moment; `subject` names it, so that it counts once. */
export interface Wrong {
  readonly subject: string
  readonly detail: string
}

const MOVES_OF_ACCOUNTS = `SELECT account, SUM(amount) AS amount, SUM(held) AS held FROM moves
  GROUP BY account`

const ORIGIN = `CASE m.op WHEN 'compensate' THEN 'action' ELSE 'try' END`

/** One statement sees one moment. */
const LOOK = `
SELECT CONCAT('account ', a.id) AS subject, CONCAT('balance ', a.balance, ', frozen ', a.frozen,
    ', opening ', a.opening, ', moves ', COALESCE(m.amount, 0),
    ' and ', COALESCE(m.held, 0)) AS detail
  FROM accounts a LEFT JOIN (${MOVES_OF_ACCOUNTS}) m ON m.account = a.id
  WHERE a.balance < 0 OR a.frozen < 0 OR a.balance <> a.opening + COALESCE(m.amount, 0)
    OR a.frozen <> COALESCE(m.held, 0)
UNION ALL
SELECT CONCAT(gid, '/', branch, '/', op), CONCAT('took effect ', COUNT(*), ' times')
  FROM moves GROUP BY gid, branch, op HAVING COUNT(*) > 1
UNION ALL
SELECT CONCAT(m.gid, '/', m.branch, '/', m.op), 'took effect with nothing before it' FROM moves m
  WHERE m.op IN ('compensate', 'confirm', 'cancel') AND NOT EXISTS (SELECT 1 FROM moves o
    WHERE o.gid = m.gid AND o.branch = m.branch AND o.op = ${ORIGIN} AND o.n < m.n)
UNION ALL
SELECT CONCAT(m.gid, '/', m.branch), 'was confirmed and cancelled' FROM moves m
  JOIN moves o ON o.gid = m.gid AND o.branch = m.branch WHERE m.op = 'confirm' AND o.op = 'cancel'
UNION ALL
SELECT CONCAT(m.gid, '/', m.branch, '/', m.op), 'took effect after it was undone' FROM moves m
  JOIN moves o ON o.gid = m.gid AND o.branch = m.branch
  WHERE o.op IN ('compensate', 'cancel') AND m.op <> o.op AND m.n > o.n`

/** Looks at the books of one bank while others write. */
export interface Looker {
  look(): Promise<Wrong[]>
  close(): Promise<void>
}

/** `place` is open, and stays so. */
export function lookerAt(url: string, { store, sql }: Place): Looker {
  const file = fileOf(url)
  if (file !== undefined) return lookerIntoFile(file)
  return {
    look: () => store.transaction(async (tx) => (await sql(tx).all(LOOK)).map(wrongOf)),
    close: async () => {},
  }
}

/** A reader of its own: a transaction of the store would keep the bank from writing. */
function lookerIntoFile(file: string): Looker {
  const db = new DatabaseSync(file, { timeout: 5_000 })
  db.exec('PRAGMA query_only = ON')
  const statement = db.prepare(LOOK)
  return {
    look: async () => (statement.all() as Row[]).map(wrongOf),
    close: async () => db.close(),
  }
}

function wrongOf({ subject, detail }: Row): Wrong {
  return { subject: String(subject), detail: String(detail) }
}
