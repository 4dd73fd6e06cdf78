import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mysqlTable, varchar as mysqlVarchar } from 'drizzle-orm/mysql-core'
import { drizzle as mysqlDrizzle } from 'drizzle-orm/mysql2'
import { drizzle as pgDrizzle } from 'drizzle-orm/node-postgres'
import { pgTable, varchar } from 'drizzle-orm/pg-core'
import { createPool } from 'mysql2/promise'
import { Pool, type PoolClient } from 'pg'
import { runSql } from '../../../../tools/services/sql.ts'
import { outboxRow } from '../testing/rows.ts'
import { onMariadb, onPostgres } from './databases.fixture.ts'
import { type DrizzleTx, hufuTx } from './drizzle.ts'
import { adapterRules, type Inside } from './rules.fixture.ts'

const orders = pgTable('orders', { id: varchar({ length: 64 }).primaryKey() })
const mysqlOrders = mysqlTable('orders', { id: mysqlVarchar({ length: 64 }).primaryKey() })

adapterRules('Drizzle on PostgreSQL', async (t) => {
  const database = await onPostgres(t)
  if (!database) return undefined
  const pool = new Pool({ connectionString: database.url })
  database.after(() => pool.end())
  const db = pgDrizzle(pool)
  const transaction = <T>(fn: (inside: Inside) => Promise<T>) =>
    db.transaction((tx) =>
      fn({ hufuTx: hufuTx(tx), order: async (id) => tx.insert(orders).values({ id }) }),
    )
  return { ...database, transaction }
})

adapterRules('Drizzle on MariaDB', async (t) => {
  const database = await onMariadb(t)
  if (!database) return undefined
  const pool = createPool(database.url)
  database.after(() => pool.end())
  const db = mysqlDrizzle(pool)
  const transaction = <T>(fn: (inside: Inside) => Promise<T>) =>
    db.transaction((tx) =>
      fn({ hufuTx: hufuTx(tx), order: async (id) => tx.insert(mysqlOrders).values({ id }) }),
    )
  return { ...database, transaction }
})

test('a nested transaction of Drizzle takes messages, and takes them back alone', async (t) => {
  const database = await onPostgres(t)
  if (!database) return
  const { store } = database
  const pool = new Pool({ connectionString: database.url })
  database.after(() => pool.end())
  await pgDrizzle(pool).transaction(async (tx) => {
    await store.outbox.insert(hufuTx(tx), outboxRow('kept'))
    const nested = tx.transaction(async (inner) => {
      await store.outbox.insert(hufuTx(inner), outboxRow('undone'))
      inner.rollback()
    })
    await assert.rejects(nested)
  })
  assert.equal(await store.outbox.waiting(9), 1)
})

test('Drizzle itself, and what stands on another driver, are refused', async () => {
  const db = pgDrizzle('postgres://nobody@127.0.0.1:1/none')
  assert.throws(() => hufuTx(db as unknown as DrizzleTx), {
    code: 'TRANSACTION_MISSING',
    message: /^Using Drizzle: it is NodePgDatabase, wanted is one of NodePgTransaction,/,
  })
  assert.throws(() => hufuTx(undefined as never), { code: 'TRANSACTION_MISSING' })
  await db.$client.end()
})

test('Drizzle on the connection of a transaction of the store is part of it', async (t) => {
  const [onPg, onMaria] = [await onPostgres(t), await onMariadb(t)]
  if (onPg) {
    const { store, url } = onPg
    await store.transaction(async (tx) => {
      await pgDrizzle(tx.client as PoolClient)
        .insert(orders)
        .values({ id: '1' })
      await store.outbox.insert(tx, outboxRow('1'))
      assert.deepEqual(await runSql(url, 'SELECT id FROM orders'), [])
    })
    assert.deepEqual(await runSql(url, 'SELECT id FROM orders'), [{ id: '1' }])
  }
  if (onMaria) {
    const { store, url } = onMaria
    await store.transaction(async (tx) => {
      await mysqlDrizzle(tx.connection).insert(mysqlOrders).values({ id: '1' })
      await store.outbox.insert(tx, outboxRow('1'))
      assert.deepEqual(await runSql(url, 'SELECT id FROM orders'), [])
    })
    assert.deepEqual(await runSql(url, 'SELECT id FROM orders'), [{ id: '1' }])
  }
})
