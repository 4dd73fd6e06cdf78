import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { nodeOs } from '@hufu/os'
import { sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { drizzle } from 'drizzle-orm/sqlite-proxy'
import { Kysely, SqliteDialect } from 'kysely'
import { sqlite } from '../stores/sqlite/index.ts'
import { outboxRow } from '../testing/rows.ts'
import { nodeSqlite as forDrizzle } from './drizzle.ts'
import { dialectIn, nodeSqlite as forKysely } from './kysely.ts'

interface Tables {
  orders: { id: string }
}

const orders = sqliteTable('orders', { id: text().primaryKey() })

/** An open store, and a connection of the service to the same file. */
async function open(t: TestContext) {
  const dir = await mkdtemp(join(tmpdir(), 'hufu-adapters-'))
  const path = join(dir, 'app.db')
  const setUp = (db: DatabaseSync) => db.exec('CREATE TABLE IF NOT EXISTS orders (id TEXT)')
  const store = sqlite(path, { setUp })
  await store.open(nodeOs)
  const db = new DatabaseSync(path)
  t.after(async () => {
    db.close()
    await store.close()
    await rm(dir, { recursive: true })
  })
  const stored = async () => [
    db.prepare('SELECT id FROM orders').all().length,
    await store.outbox.waiting(9),
  ]
  return { store, db, stored }
}

async function idsOf(kysely: Kysely<Tables>): Promise<string[]> {
  const rows = await kysely.selectFrom('orders').select('id').execute()
  return rows.map(({ id }) => id)
}

test('Kysely on node:sqlite: the connection in its transaction takes messages', async (t) => {
  const { store, db, stored } = await open(t)
  const kysely = new Kysely<Tables>({ dialect: new SqliteDialect({ database: forKysely(db) }) })
  const place = (id: string, fail: boolean) =>
    kysely.transaction().execute(async (trx) => {
      await trx.insertInto('orders').values({ id }).execute()
      await store.outbox.insert(db, outboxRow(id))
      if (fail) throw new Error('the business refuses')
    })
  await assert.rejects(place('1', true), /the business refuses/)
  assert.deepEqual(await stored(), [0, 0])
  await place('1', false)
  assert.deepEqual(await stored(), [1, 1])
  assert.deepEqual(await idsOf(kysely), ['1'])
  const late = (async () => store.outbox.insert(db, outboxRow('2')))()
  await assert.rejects(late, { code: 'TRANSACTION_MISSING' })
})

test('Kysely on node:sqlite: transactions at the same time wait for each other', async (t) => {
  const { store, db, stored } = await open(t)
  const kysely = new Kysely<Tables>({ dialect: new SqliteDialect({ database: forKysely(db) }) })
  const place = (id: string) =>
    kysely.transaction().execute(async (trx) => {
      await trx.insertInto('orders').values({ id }).execute()
      await store.outbox.insert(db, outboxRow(id))
      if (id === '2') throw new Error('the business refuses')
    })
  await Promise.allSettled(['1', '2', '3'].map(place))
  assert.deepEqual(await stored(), [2, 2])
  assert.deepEqual(await idsOf(kysely), ['1', '3'])
})

test('Drizzle on node:sqlite: the connection in its transaction takes messages', async (t) => {
  const { store, db, stored } = await open(t)
  const drizzled = drizzle(forDrizzle(db))
  const place = (id: string, fail: boolean) =>
    drizzled.transaction(async (tx) => {
      await tx.insert(orders).values({ id })
      await store.outbox.insert(db, outboxRow(id))
      if (fail) throw new Error('the business refuses')
    })
  await assert.rejects(place('1', true), /the business refuses/)
  assert.deepEqual(await stored(), [0, 0])
  await place('1', false)
  assert.deepEqual(await stored(), [1, 1])
  assert.deepEqual(await drizzled.select().from(orders), [{ id: '1' }])
  assert.equal(
    await drizzled
      .select()
      .from(orders)
      .get()
      .then((row) => row?.id),
    '1',
  )
})

test('Kysely in a transaction of the store: its statements are part of it', async (t) => {
  const { store, stored } = await open(t)
  const kept = await store.transaction(async (tx) => {
    const kysely = new Kysely<Tables>({ dialect: dialectIn(tx) })
    await kysely.insertInto('orders').values({ id: '1' }).execute()
    await store.outbox.insert(tx, outboxRow('1'))
    assert.deepEqual(await idsOf(kysely), ['1'])
    assert.deepEqual(await stored(), [0, 0])
    const nested = kysely.transaction().execute(async () => {})
    await assert.rejects(nested, { code: 'ARGUMENT' })
    return kysely
  })
  assert.deepEqual(await stored(), [1, 1])
  const late = kept.selectFrom('orders').selectAll().execute()
  await assert.rejects(late, { code: 'TRANSACTION_OVER' })
})
