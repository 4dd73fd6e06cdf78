import assert from 'node:assert/strict'
import { test } from 'node:test'
import { transactionRow } from '../../testing/rows.ts'
import { type Opened, openStore } from './database.fixture.ts'

const NAMES = "SELECT name FROM pg_prepared_statements WHERE name LIKE 'hufu%' ORDER BY name"

/** Inserts so many transactions. */
async function insert({ store }: Opened, prefix: string, count: number): Promise<void> {
  const rows = [...Array(count).keys()].map((n) => transactionRow(`${prefix}${n}`))
  await store.transactions.writeGroup!(1, rows, [])
}

test('a statement that wrote many rows is prepared, and anew for twice as many', async (t) => {
  const opened = await openStore(t, { connections: 1 })
  if (!opened) return
  const { pool } = opened
  const names = async () => (await pool.query(NAMES)).rows.map(({ name }) => name.split('_')[2])
  await insert(opened, 'a', 1_000)
  assert.deepEqual(await names(), [])
  await insert(opened, 'b', 100)
  assert.deepEqual(await names(), ['10'])
  await insert(opened, 'c', 100)
  assert.deepEqual(await names(), ['10'])
  await insert(opened, 'd', 1_000)
  assert.deepEqual(await names(), ['10', '11'])
})

test('where prepared statements get lost between two statements, none is prepared', async (t) => {
  const opened = await openStore(t, { connections: 1 })
  if (!opened) return
  const { pool, store } = opened
  await insert(opened, 'a', 1_100)
  // As a proxy does it that gives a connection to somebody else after each transaction.
  await pool.query('DEALLOCATE ALL')
  await insert(opened, 'b', 10)
  await insert(opened, 'c', 10)
  assert.deepEqual((await pool.query(NAMES)).rows, [])
  assert.notEqual(await store.transactions.get('c9'), undefined)
})
