import assert from 'node:assert/strict'
import { test } from 'node:test'
import { outboxRow } from '../../testing/rows.ts'
import type { Opened } from './database.fixture.ts'
import { endBackend, openStore, rowOf } from './database.fixture.ts'

/** A row in `slow` takes a minute to commit. */
const SLOW_COMMIT = `CREATE TABLE slow (n integer);
  CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_sleep(60); RETURN NULL; END $$;
  CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON slow DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION wait()`

const insert = ({ store }: Opened, id: string) =>
  store.transaction((tx) => store.outbox.insert(tx, outboxRow(id)))

const ids = async ({ pool }: Opened) => {
  const { rows } = await pool.query('SELECT id FROM hufu_outbox ORDER BY seq')
  return rows.map(({ id }) => id)
}

test('a connection that ends during the commit leaves its outcome unknown', async (t) => {
  const opened = await openStore(t)
  if (!opened) return
  const { pool, store } = opened
  await pool.query(SLOW_COMMIT)
  const unknown = store.transaction(async (tx) => {
    await tx.query('INSERT INTO slow VALUES (1)')
    await store.outbox.insert(tx, outboxRow('unknown'))
  })
  const told = assert.rejects(unknown, { code: 'COMMIT_UNKNOWN' })
  await endBackend(pool, '%COMMIT', 'PgSleep')
  await told
  await insert(opened, 'next')
  assert.deepEqual(await ids(opened), ['next'])
})

test('an answer to COMMIT that does not come in time leaves its outcome unknown', async (t) => {
  const opened = await openStore(t, { limits: { answerMs: 300 } })
  if (!opened) return
  await opened.pool.query(SLOW_COMMIT)
  const slow = opened.store.transaction((tx) => tx.query('INSERT INTO slow VALUES (1)'))
  await assert.rejects(slow, { code: 'COMMIT_UNKNOWN' })
  await insert(opened, 'next')
})

test('a commit that the database refuses, or comes after an error, has failed', async (t) => {
  const opened = await openStore(t, { connections: 2 })
  if (!opened) return
  const { pool, store } = opened
  await pool.query(`CREATE TABLE parent (id integer PRIMARY KEY);
    CREATE TABLE child (parent integer REFERENCES parent DEFERRABLE INITIALLY DEFERRED)`)
  for (let n = 0; n < 5; n++) {
    const refused = store.transaction((tx) => tx.query('INSERT INTO child VALUES (99)'))
    await assert.rejects(refused, { code: 'COMMIT_FAILED', message: /foreign key/ })
    const swallowed = store.transaction(async (tx) => {
      await store.outbox.insert(tx, outboxRow('swallowed'))
      await assert.rejects(tx.query('SELECT 1 / 0'), { code: '22012' })
    })
    await assert.rejects(swallowed, { code: 'COMMIT_FAILED', message: /aborted/ })
  }
  await insert(opened, 'next')
  assert.deepEqual(await ids(opened), ['next'])
  assert.equal(pool.idleCount, pool.totalCount)
})

test('a transaction whose connection dies is not stored, and the store goes on', async (t) => {
  const opened = await openStore(t)
  if (!opened) return
  const { pool, store } = opened
  const end = (pid: unknown) => pool.query('SELECT pg_terminate_backend($1)', [pid])
  const pidOf = 'SELECT pg_backend_pid() AS pid'
  const gone = 'SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM pg_stat_activity WHERE pid = $1)'
  const used = store.transaction(async (tx) => {
    await store.outbox.insert(tx, outboxRow('used'))
    await end((await tx.query(pidOf)).rows[0]!.pid)
    await tx.query('SELECT 1')
  })
  await assert.rejects(used, { code: 'STORE_UNUSABLE' })
  const unnoticed = store.transaction(async (tx) => {
    await store.outbox.insert(tx, outboxRow('unnoticed'))
    const { pid } = (await tx.query(pidOf)).rows[0]!
    await end(pid)
    await rowOf(pool, gone, pid)
    await new Promise((resolve) => setTimeout(resolve, 50))
  })
  await assert.rejects(unnoticed, { code: 'STORE_UNUSABLE' })
  await insert(opened, 'next')
  assert.deepEqual(await ids(opened), ['next'])
})

test('an error of the network in the function is its own, not the store’s', async (t) => {
  const opened = await openStore(t)
  if (!opened) return
  const own = Object.assign(new Error('connect ECONNREFUSED'), { syscall: 'connect' })
  const failing = opened.store.transaction(async () => {
    throw own
  })
  await assert.rejects(failing, (error) => error === own)
})

test('a transaction out of time that waits for a lock lets go of its own locks', async (t) => {
  const opened = await openStore(t)
  if (!opened) return
  const { pool, store } = opened
  await pool.query('CREATE TABLE t (n integer); INSERT INTO t VALUES (1), (2)')
  const lock = (n: number) => `UPDATE t SET n = n WHERE n = ${n}`
  const other = await pool.connect()
  await other.query('BEGIN')
  await other.query(lock(2))
  const waiting = store.transaction(
    async (tx) => {
      await tx.query(lock(1))
      await tx.query(lock(2))
    },
    { timeoutMs: 50 },
  )
  await assert.rejects(waiting, { code: 'TRANSACTION_TIMEOUT' })
  await pool.query(lock(1))
  await other.query('ROLLBACK')
  other.release()
})

test('a statement that nobody awaits is found out, and nothing is stored', async (t) => {
  const opened = await openStore(t)
  if (!opened) return
  const { store } = opened
  const forgetful = store.transaction((tx) => {
    void Promise.resolve(store.outbox.insert(tx, outboxRow('forgotten'))).catch(() => {})
  })
  await assert.rejects(forgetful, { code: 'TRANSACTION_PENDING' })
  assert.deepEqual(await ids(opened), [])
})
