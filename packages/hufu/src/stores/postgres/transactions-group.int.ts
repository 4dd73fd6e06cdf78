import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TransactionSave } from '../../ports/transactions.ts'
import { transactionRow } from '../../testing/rows.ts'
import { type Opened, openStore } from './database.fixture.ts'
import type { createTransactions } from './transactions.ts'

type Transactions = ReturnType<typeof createTransactions>

function groupsOf({ store }: Opened): Transactions {
  return store.transactions as Transactions
}

function saved(id: string, state: string): TransactionSave {
  return { id, status: 'running', state, dueAt: null, release: false }
}

test('a group is one statement for what is new and what has changed', async (t) => {
  const opened = await openStore(t)
  if (!opened) return
  const transactions = groupsOf(opened)
  const [mine, other] = [await transactions.register(10_000), await transactions.register(10_000)]
  const old = ['a', 'b', 'c'].map((id) => transactionRow(id, { owner: id === 'c' ? other : mine }))
  assert.deepEqual((await transactions.writeGroup(mine, old, [])).outcomes, [
    ...['inserted', 'inserted', 'inserted'],
  ])
  const rows = [
    transactionRow('z', { owner: mine }),
    transactionRow('a', { owner: mine }),
    transactionRow('b', { owner: mine, input: '{"n":2}' }),
    transactionRow('y', { owner: mine }),
    transactionRow('y', { owner: mine }),
  ]
  const saves = [saved('b', '{"s":1}'), saved('c', '{"s":1}'), saved('none', '{"s":1}')]
  assert.deepEqual(await transactions.writeGroup(mine, rows, saves), {
    outcomes: ['inserted', 'repeated', 'reused', 'inserted', 'repeated'],
    lost: ['c', 'none'],
  })
  const states = await Promise.all(['a', 'b', 'c', 'y', 'z'].map((id) => transactions.get(id)))
  assert.deepEqual(
    states.map((row) => row?.state),
    ['{"s":0}', '{"s":1}', '{"s":0}', '{"s":0}', '{"s":0}'],
  )
  assert.deepEqual(await transactions.writeGroup(mine, [], [saved('a', '{"s":2}')]), {
    ...{ outcomes: [], lost: [] },
  })
  assert.equal((await transactions.get('a'))?.state, '{"s":2}')
})

test('a group with a text that is too long is refused as a whole', async (t) => {
  const opened = await openStore(t)
  if (!opened) return
  const transactions = groupsOf(opened)
  const mine = await transactions.register(10_000)
  await transactions.writeGroup(mine, [transactionRow('a', { owner: mine })], [])
  const long = [transactionRow('b', { owner: mine }), transactionRow('x'.repeat(129))]
  const writing = transactions.writeGroup(mine, long, [saved('a', '{"s":1}')])
  await assert.rejects(writing, { code: 'LIMIT' })
  assert.equal(await transactions.get('b'), undefined)
  assert.equal((await transactions.get('a'))?.state, '{"s":0}')
})

test('a group waits for whoever inserts the same id, and then knows it', async (t) => {
  const opened = await openStore(t)
  if (!opened) return
  const transactions = groupsOf(opened)
  const mine = await transactions.register(10_000)
  await transactions.writeGroup(mine, [transactionRow('a', { owner: mine })], [])
  const begun = Promise.withResolvers<void>()
  const end = Promise.withResolvers<void>()
  const other = opened.store.transaction(async (tx) => {
    await opened.store.transactions.insert(tx, transactionRow('b'))
    begun.resolve()
    await end.promise
  })
  await begun.promise
  const rows = [transactionRow('b', { owner: mine })]
  const writing = transactions.writeGroup(mine, rows, [saved('a', '{"s":1}')])
  end.resolve()
  await other
  assert.deepEqual(await writing, { outcomes: ['repeated'], lost: [] })
  assert.equal((await transactions.get('a'))?.state, '{"s":1}')
})
