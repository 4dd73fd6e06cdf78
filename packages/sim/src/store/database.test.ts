import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Database } from './database.ts'

const database = () => new Database('test', () => 0)

test('what a transaction writes is seen by itself, and by others after its commit', async () => {
  const data = database()
  const tx = data.begin()
  await tx.put('t', 'k', { order: 0 })
  assert.deepEqual(tx.get('t', 'k'), { order: 0 })
  assert.equal(data.begin().get('t', 'k'), undefined)
  data.commit(tx)
  assert.deepEqual(data.begin().get('t', 'k'), { order: 1 })
})

test('rows are numbered in the order of the commits, not of the begins', async () => {
  const data = database()
  const [early, late] = [data.begin(), data.begin()]
  await early.put('t', 'early', { order: 0 })
  await late.put('t', 'late', { order: 0 })
  data.commit(late)
  data.commit(early)
  assert.deepEqual(
    [data.table('t').get('late'), data.table('t').get('early')],
    [{ order: 1 }, { order: 2 }],
  )
  assert.equal(data.lateCommits, 1)
})

test('when its clients are gone only a commit under way may still happen', async () => {
  for (const decision of [true, false]) {
    const data = database()
    const [open, committing] = [data.begin(), data.begin()]
    await open.put('t', 'open', {})
    await committing.put('t', 'committing', {})
    committing.committing = true
    data.clientsGone(() => decision)
    assert.deepEqual([...data.table('t').keys()], decision ? ['committing'] : [])
    assert.throws(() => open.get('t', 'open'), { code: 'TRANSACTION_OVER' })
  }
})
