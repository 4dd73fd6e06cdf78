import assert from 'node:assert/strict'
import { test } from 'node:test'
import { outboxRow } from '../../testing/rows.ts'
import { openStore, poolOf, rowOf } from './database.fixture.ts'

const RELEASE = `UPDATE hufu_leases SET expires_at = 0 WHERE owner = 'r'`

test('transactions are READ COMMITTED whatever the default; conflicts are retried', async (t) => {
  const opened = await openStore(t)
  if (!opened) return
  const { store, url } = opened
  const database = new URL(url).pathname.slice(1)
  await opened.pool.query(
    `ALTER DATABASE ${database} SET default_transaction_isolation = 'repeatable read'`,
  )
  await opened.pool.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()`)
  const pool = poolOf(t, url)
  const { rows } = await store.transaction((tx) => tx.query('SHOW transaction_isolation'))
  assert.deepEqual(rows, [{ transaction_isolation: 'read committed' }])

  await store.transaction((tx) => store.outbox.insert(tx, outboxRow('1')))
  await store.outbox.claim({ relay: 'r', limit: 1, leaseMs: 60_000 })
  const other = await pool.connect()
  await other.query('BEGIN')
  await other.query('UPDATE hufu_leases SET token = 7')
  const bare = assert.rejects(pool.query(RELEASE), { code: '40001' })
  const released = store.outbox.release('r')
  const waiting = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database()
    AND wait_event_type = 'Lock' HAVING count(*) = 2`
  await rowOf(pool, waiting)
  await other.query('COMMIT')
  other.release()
  await bare
  await released
  const lease = await rowOf(pool, 'SELECT expires_at::integer AS at, token FROM hufu_leases')
  assert.deepEqual(lease, { at: 0, token: '7' })
})

test('connections that died while idle disturb nobody', async (t) => {
  const opened = await openStore(t)
  if (!opened) return
  const { store, url } = opened
  await Promise.all([...Array(5).keys()].map(() => store.transaction(() => store.now())))
  await poolOf(t, url).query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()`)
  const work = [...Array(20).keys()].map((n) =>
    store.transaction((tx) => store.outbox.insert(tx, outboxRow(String(n)))),
  )
  await Promise.all([...work, store.now(), store.outbox.stats()])
  assert.equal(await store.outbox.waiting(99), 20)
})
