import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CamelCasePlugin, type Dialect, Kysely, MysqlDialect, PostgresDialect } from 'kysely'
import { createPool } from 'mysql2'
import { Pool } from 'pg'
import { outboxRow } from '../testing/rows.ts'
import { type Database, onMariadb, onPostgres } from './databases.fixture.ts'
import { hufuTx } from './kysely.ts'
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
