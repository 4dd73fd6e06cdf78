import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CamelCasePlugin, type Dialect, Kysely, MysqlDialect, PostgresDialect } from 'kysely'
import { createPool } from 'mysql2'
import { Pool } from 'pg'
import { runSql } from '../../../../tools/services/sql.ts'
import type { Store } from '../ports/store.ts'
import type { MysqlTx } from '../stores/mysql/index.ts'
import type { PostgresTx } from '../stores/postgres/index.ts'
import { outboxRow } from '../testing/rows.ts'
import { type Database, onMariadb, onPostgres } from './databases.fixture.ts'
import { dialectIn, hufuTx } from './kysely.ts'
import { adapterRules, type Inside } from './rules.fixture.ts'

interface Tables {
  orders: { id: string }
}

const overPostgres = (url: string) =>
  new PostgresDialect({ pool: new Pool({ connectionString: url }) })
const overMysql = (url: string) => new MysqlDialect({ pool: createPool(url) })

/** With a plugin that renames columns: the library's own must come as they are. */
function kyselyOn<S>({ after }: Database<S>, dialect: Dialect): Kysely<Tables> {
  const db = new Kysely<Tables>({ dialect, plugins: [new CamelCasePlugin()] })
  after(() => db.destroy())
  return db
}

const begun = (db: Kysely<Tables>) => ({
  transaction: <T>(fn: (inside: Inside) => Promise<T>) =>
    db.transaction().execute((trx) =>
      fn({
        hufuTx: hufuTx(trx),
        order: (id) => trx.insertInto('orders').values({ id }).execute(),
      }),
    ),
})

adapterRules('Kysely on PostgreSQL', async (t) => {
  const database = await onPostgres(t)
  if (!database) return undefined
  return { ...database, ...begun(kyselyOn(database, overPostgres(database.url))) }
})

adapterRules('Kysely on MariaDB', async (t) => {
  const database = await onMariadb(t)
  if (!database) return undefined
  return { ...database, ...begun(kyselyOn(database, overMysql(database.url))) }
})

test('Kysely itself, and a transaction on another dialect, are refused', async (t) => {
  const database = await onPostgres(t)
  if (!database) return
  const db = kyselyOn(database, overPostgres(database.url))
  assert.throws(() => hufuTx(db as never), { code: 'TRANSACTION_MISSING' })
  assert.throws(() => hufuTx(undefined as never), { code: 'TRANSACTION_MISSING' })
})

test('a controlled transaction takes messages, also back to a savepoint', async (t) => {
  const database = await onPostgres(t)
  if (!database) return
  const { store } = database
  const db = kyselyOn(database, overPostgres(database.url))
  const trx = await db.startTransaction().execute()
  await store.outbox.insert(hufuTx(trx), outboxRow('kept'))
  const after = await trx.savepoint('s').execute()
  await store.outbox.insert(hufuTx(after), outboxRow('undone'))
  await after.rollbackToSavepoint('s').execute()
  await trx.commit().execute()
  assert.equal(await store.outbox.waiting(9), 1)
  const late = (async () => store.outbox.insert(hufuTx(trx), outboxRow('late')))()
  await assert.rejects(late, { code: 'TRANSACTION_OVER' })
})

test('MariaDB: a transaction that a deadlock has ended takes nothing more', async (t) => {
  const database = await onMariadb(t)
  if (!database) return
  const { store } = database
  const db = kyselyOn(database, overMysql(database.url))
  await db
    .insertInto('orders')
    .values([{ id: 'a' }, { id: 'b' }])
    .execute()
  const [one, other] = [
    await db.startTransaction().execute(),
    await db.startTransaction().execute(),
  ]
  const change = (trx: typeof one, id: string) =>
    trx
      .updateTable('orders')
      .set({ id: `${id}${id}` })
      .where('id', '=', id)
      .execute()
  await change(one, 'a')
  await change(other, 'b')
  const crossed = await Promise.allSettled([change(one, 'b'), change(other, 'a')])
  const loser = [one, other][crossed.findIndex(({ status }) => status === 'rejected')]!
  const publishing = (async () => store.outbox.insert(hufuTx(loser), outboxRow('1')))()
  await assert.rejects(publishing, { code: 'TRANSACTION_MISSING' })
  await Promise.all([one.rollback().execute(), other.rollback().execute()])
  assert.equal(await store.outbox.waiting(9), 0)
})

/** It takes what the handlers of both stores are given. */
dialectIn satisfies ((tx: PostgresTx) => Dialect) & ((tx: MysqlTx) => Dialect)

for (const [server, open] of Object.entries({ PostgreSQL: onPostgres, MariaDB: onMariadb })) {
  test(`${server}: Kysely in a transaction of the store is part of it`, async (t) => {
    const database = await open(t)
    if (!database) return
    const store: Store<Parameters<typeof dialectIn>[0]> = database.store as never
    const work = (fail: boolean) =>
      store.transaction(async (tx) => {
        const db = new Kysely<Tables>({ dialect: dialectIn(tx) })
        await db.insertInto('orders').values({ id: '1' }).execute()
        await store.outbox.insert(tx, outboxRow('1'))
        const changed = await db.updateTable('orders').set({ id: '2' }).executeTakeFirst()
        assert.equal(changed.numUpdatedRows, 1n)
        assert.deepEqual(await db.selectFrom('orders').selectAll().execute(), [{ id: '2' }])
        await assert.rejects(db.transaction().execute(async () => {}))
        if (fail) throw new Error('the business refuses')
        return db
      })
    await assert.rejects(work(true), /the business refuses/)
    assert.equal(await store.outbox.waiting(9), 0)
    const kept = await work(false)
    assert.equal(await store.outbox.waiting(9), 1)
    assert.deepEqual(await runSql(database.url, 'SELECT id FROM orders'), [{ id: '2' }])
    const late = kept.selectFrom('orders').selectAll().execute()
    await assert.rejects(late, { code: 'TRANSACTION_OVER' })
  })
}
