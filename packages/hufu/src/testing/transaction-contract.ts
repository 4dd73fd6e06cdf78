import assert from 'node:assert/strict'
import { outboxRow } from './rows.ts'
import type { StoreRule } from './store-rule.ts'

export const TRANSACTION_RULES: Readonly<Record<string, StoreRule>> = {
  'a transaction is committed when it is answered, and others see it': async (store, another) => {
    const value = await store.transaction(async (tx) => {
      await store.outbox.insert(tx, outboxRow('1'))
      return 7
    })
    assert.equal(value, 7)
    assert.equal((await another.outbox.stats()).waiting, 1)
  },

  'what a transaction throws is thrown on, and only its own effects are gone': async (store) => {
    const good = store.transaction((tx) => store.outbox.insert(tx, outboxRow('good')))
    const bad = store.transaction(async (tx) => {
      await store.outbox.insert(tx, outboxRow('bad'))
      throw new Error('no')
    })
    const last = store.transaction((tx) => store.outbox.insert(tx, outboxRow('last')))
    await assert.rejects(bad, /^Error: no$/)
    await Promise.all([good, last])
    const open = await store.outbox.open('e', Number.MAX_SAFE_INTEGER, 10)
    assert.deepEqual(open.map((row) => row.id).sort(), ['good', 'last'])
  },

  'a transaction that takes too long is rolled back, and its tx is of no use afterwards': async (
    store,
  ) => {
    let late: Promise<unknown> = Promise.resolve()
    const wake = Promise.withResolvers<void>()
    const slow = store.transaction(
      async (tx) => {
        await store.outbox.insert(tx, outboxRow('slow'))
        late = wake.promise.then(() => store.outbox.insert(tx, outboxRow('late')))
        await late
      },
      { timeoutMs: 30 },
    )
    await assert.rejects(slow, { code: 'TRANSACTION_TIMEOUT' })
    await store.transaction(async (tx) => {
      wake.resolve()
      await assert.rejects(late, { code: 'TRANSACTION_OVER' })
      await store.outbox.insert(tx, outboxRow('next'))
    })
    const open = await store.outbox.open('e', Number.MAX_SAFE_INTEGER, 10)
    assert.deepEqual(
      open.map((row) => row.id),
      ['next'],
    )
  },

  'a transaction inside a transaction is refused, not waited for': async (store) => {
    const nested = store.transaction(() => store.transaction(() => 1))
    await assert.rejects(nested, { code: 'TRANSACTION_NESTED' })
    assert.equal(await store.transaction(() => 2), 2)
  },

  'listeners are told of work after its commit, not of other commits': async (store) => {
    let told = 0
    const off = store.onWork(() => told++)
    await store.transaction(() => 1)
    assert.equal(told, 0)
    await store.transaction((tx) => store.outbox.insert(tx, outboxRow('1')))
    assert.equal(told, 1)
    off()
    await store.transaction((tx) => store.outbox.insert(tx, outboxRow('2')))
    assert.equal(told, 1)
  },

  'two stores on the same data may write at the same time': async (store, another) => {
    const work = [...Array(40).keys()].map((n) => {
      const one = n % 2 ? store : another
      return one.transaction((tx) => one.outbox.insert(tx, outboxRow(String(n))))
    })
    await Promise.all(work)
    assert.equal((await store.outbox.stats()).waiting, 40)
  },
}
