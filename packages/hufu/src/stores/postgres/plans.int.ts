import assert from 'node:assert/strict'
import { test } from 'node:test'
import { claimStatements } from './claims.ts'
import { openStore } from './database.fixture.ts'
import { outboxStatements } from './outbox-sql.ts'
import { tablesOf } from './tables.ts'
import { transactionStatements } from './transactions-sql.ts'

/** Rows that are over, and some that are not. */
const FILL = `INSERT INTO hufu_transactions
    SELECT 'f' || n, 'saga', 'd', 'h', NULL, '{}', '{}', 'committed', '{}', NULL, 0, n, n, n
    FROM generate_series(1, 10000) n;
  INSERT INTO hufu_transactions
    SELECT 'p' || n, 'saga', 'd', 'h', NULL, '{}', '{}', 'running', '{}', 9000000000000, n % 3, n,
      n, NULL FROM generate_series(1, 1000) n;
  INSERT INTO hufu_outbox (event, id, key, state, due_at, missing, attempts, published_at,
      closed_at, delay_ms, receipts, groups, headers, body)
    SELECT 'e', n, n % 100, CASE WHEN n < 10000 THEN 2 ELSE 0 END, CASE WHEN n >= 10000 THEN 0 END,
      2, 0, n, n, 0, true, '{a,b}', '{}', 'x' FROM generate_series(1, 12000) n;
  INSERT INTO hufu_receipts SELECT n, 'a', 'done', '{}', n FROM generate_series(1, 10000) n`

/**
 * With their indexes the statements cost less. Above 100,000 PostgreSQL compiles a statement before
 * it runs, which takes half a second; a table read once for each row gets there soon.
 */
const COST_MAX = 5_000

test('frequent statements read no table as a whole, with and without statistics', async (t) => {
  const opened = await openStore(t)
  if (!opened) return
  const { pool } = opened
  const [claims, outbox] = [claimStatements(tablesOf({})), outboxStatements(tablesOf({}))]
  const transactions = transactionStatements(tablesOf({}))
  await pool.query(FILL)
  const one = [['p1'], ['running'], ['{}'], [null], [false], [false]]
  const asked: [string, unknown[]][] = [
    [transactions.claim, [7, ['d', 'x'], ['h', 'h'], 100]],
    [transactions.save, [1, ...one]],
    [transactions.get, ['p1']],
    [claims.find, [100, 400]],
    [claims.any, []],
    [outbox.answer, ['e', '5', 'b', 'done', '{}']],
    [outbox.waiting, [100]],
  ]
  for (const analyze of ['SELECT 1', 'ANALYZE']) {
    await pool.query(analyze)
    for (const [sql, params] of asked) {
      const { rows } = await pool.query(`EXPLAIN ${sql}`, params)
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
      assert.doesNotMatch(plan, /Seq Scan on hufu_(outbox|transactions|receipts)/, sql)
      const cost = Number(/cost=[\d.]+\.\.([\d.]+)/.exec(plan)?.[1])
      assert.ok(cost < COST_MAX, `${sql} costs ${cost}`)
    }
  }
})
