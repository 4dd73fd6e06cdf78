import assert from 'node:assert/strict'
import { test } from 'node:test'
import { outboxRow, transactionRow } from '../../testing/rows.ts'
import { openStore } from './database.fixture.ts'
import type { PostgresClient, PostgresTx } from './index.ts'

const KEY = { kind: 'saga', gid: 'g', branch: '01', op: 'action', barrier: '01' } as const

test('a transaction of the user’s takes messages, transactions and barriers', async (t) => {
  const opened = await openStore(t)
  if (!opened) return
  const { pool, store } = opened
  const client = await pool.connect()
  for (const end of ['ROLLBACK', 'COMMIT']) {
    await client.query('BEGIN')
    assert.deepEqual(await store.outbox.insert(client, outboxRow('1')), { repeated: false })
    assert.deepEqual(await store.transactions.insert(client, transactionRow('t')), {
      repeated: false,
    })
    assert.equal(await store.barrier.enter(client, KEY), 'go')
    await store.barrier.keep(client, KEY, '7')
    assert.equal(await store.outbox.waiting(9), 0)
    await client.query(end)
  }
  client.release()
  assert.equal(await store.outbox.waiting(9), 1)
  assert.equal((await store.transactions.get('t'))?.name, 'd')
  assert.equal(await store.transaction((tx) => store.barrier.result(tx, KEY)), '7')
})

test('a connection without a transaction, a pool and what is neither are refused', async (t) => {
  const opened = await openStore(t)
  if (!opened) return
  const { pool, store } = opened
  const publish = async (tx: PostgresTx | PostgresClient) => store.outbox.insert(tx, outboxRow('1'))
  const client = await pool.connect()
  await client.query('SELECT 1')
  await assert.rejects(publish(client), { code: 'TRANSACTION_MISSING' })
  client.release()
  await assert.rejects(publish(pool), { code: 'TRANSACTION_MISSING' })
  await assert.rejects(publish({} as PostgresClient), { code: 'ARGUMENT' })
  await assert.rejects(publish(undefined as unknown as PostgresClient), { code: 'ARGUMENT' })
})

test('BEGIN, COMMIT and the like are refused in a transaction, savepoints are not', async (t) => {
  const opened = await openStore(t)
  if (!opened) return
  const { store } = opened
  const refused = ['commit', ' ROLLBACK', 'BEGIN', 'START TRANSACTION', 'END', 'abort']
  for (const text of [...refused, "PREPARE TRANSACTION 'x'", 'COMMIT; SELECT 1']) {
    const running = store.transaction((tx) => tx.query({ text }))
    await assert.rejects(running, { code: 'ARGUMENT' })
  }
  await store.transaction(async (tx) => {
    await store.outbox.insert(tx, outboxRow('kept'))
    await tx.query('SAVEPOINT a')
    await store.outbox.insert(tx, outboxRow('undone'))
    await tx.query('ROLLBACK TO SAVEPOINT a')
    await tx.query('RELEASE a')
  })
  assert.equal(await store.outbox.waiting(9), 1)
})

test('a transaction ended behind the store’s back, and one kept too long, are told', async (t) => {
  const opened = await openStore(t)
  if (!opened) return
  const { store } = opened
  const ended = store.transaction((tx) => tx.client.query('ROLLBACK'))
  await assert.rejects(ended, { code: 'TRANSACTION_LOST' })
  const kept = await store.transaction((tx) => tx)
  await assert.rejects(kept.query('SELECT 1'), { code: 'TRANSACTION_OVER' })
  assert.throws(() => kept.client, { code: 'TRANSACTION_OVER' })
})

test('the time can be asked in a transaction, however few connections there are', async (t) => {
  const opened = await openStore(t, { connections: 1 })
  if (!opened) return
  const { store } = opened
  const times = await store.transaction(async () => [await store.now(), await store.now()])
  assert.ok(times[0]! <= times[1]! && Number.isInteger(times[0]))
})
