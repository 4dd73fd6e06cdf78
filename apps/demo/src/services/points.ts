import { pointsOf } from '../input/order.ts'
import type { ServiceOptions } from './service.ts'
import { makeService, RETRY } from './service.ts'

/** No unique constraint: it would hide from the checker that something was done twice. */
const TABLES = `CREATE TABLE IF NOT EXISTS ledger (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, order_id TEXT NOT NULL, user_id TEXT NOT NULL,
  points INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS ledger_order ON ledger (order_id);
CREATE INDEX IF NOT EXISTS ledger_user ON ledger (user_id, seq);
CREATE TABLE IF NOT EXISTS balances (user_id TEXT PRIMARY KEY, points INTEGER NOT NULL)`

const ADD = `INSERT INTO balances VALUES (?1, ?2)
  ON CONFLICT (user_id) DO UPDATE SET points = points + ?2`

/** Adds the points of each order to its user's balance, in the order in which they were placed. */
export function pointsService(options: ServiceOptions) {
  const { hufu, OrderPlaced } = makeService('points', TABLES, options)

  const consumer = OrderPlaced.consume(
    'points',
    (tx, { id, userId, cents }) => {
      // bigint: SQLite then adds whole numbers, also beyond 2^53.
      const points = BigInt(pointsOf(cents))
      const sql = 'INSERT INTO ledger (order_id, user_id, points) VALUES (?, ?, ?)'
      tx.run(sql, id, userId, points)
      tx.run(ADD, userId, points)
    },
    { order: 'by-key', retry: RETRY },
  )
  return { hufu, consumer }
}
