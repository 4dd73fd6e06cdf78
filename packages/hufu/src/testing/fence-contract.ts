import assert from 'node:assert/strict'
import type { FenceWord, Store } from '../ports/store.ts'
import type { StoreRule } from './store-rule.ts'

const write = <Tx, F>(store: Store<Tx, F>, key: string, word: FenceWord) =>
  store.transaction((tx) => store.fence.write(tx, key, word))

export const FENCE_RULES: Readonly<Record<string, StoreRule>> = {
  'of the words about one half message the first stands, in every process': async (
    store,
    another,
  ) => {
    assert.equal(await write(store, 'a', 'committed'), 'committed')
    assert.equal(await write(another, 'a', 'rolledBack'), 'committed')
    assert.equal(await write(another, 'b', 'rolledBack'), 'rolledBack')
    assert.equal(await write(store, 'b', 'committed'), 'rolledBack')
  },

  'a word that was rolled back was never written': async (store, another) => {
    const failing = store.transaction(async (tx) => {
      await store.fence.write(tx, 'a', 'committed')
      throw new Error('no')
    })
    await assert.rejects(failing, /no/)
    assert.equal(await write(another, 'a', 'rolledBack'), 'rolledBack')
  },

  'a second writer waits for the first, or fails as busy, and never overtakes it': async (
    store,
    another,
  ) => {
    const gate = Promise.withResolvers<void>()
    const written = Promise.withResolvers<void>()
    const first = store.transaction(async (tx) => {
      const word = await store.fence.write(tx, 'a', 'committed')
      written.resolve()
      await gate.promise
      return word
    })
    await written.promise
    const second = write(another, 'a', 'rolledBack').catch(() => 'busy')
    gate.resolve()
    assert.equal(await first, 'committed')
    assert.ok(['committed', 'busy'].includes(await second))
  },

  'a row that is sent already is not claimed, and waits for its receipts': async (store) => {
    const row = {
      event: 'e',
      id: '1',
      key: null,
      groups: ['g'],
      headers: {},
      body: new Uint8Array(),
      delayMs: 0,
    }
    const resendAt = Date.now() + 3_600_000
    await store.transaction(async (tx) => {
      await store.outbox.insert(tx, { ...row, receipts: true, sent: { resendAt } })
      await store.outbox.insert(tx, { ...row, id: '2', receipts: false, sent: { resendAt } })
    })
    const claim = await store.outbox.claim({ relay: 'r', limit: 10, leaseMs: 60_000 })
    assert.deepEqual(claim?.rows, [])
    const open = await store.outbox.open('e', Date.now() + 1_000, 10)
    assert.deepEqual(
      open.map(({ id, sent, missing }) => ({ id, sent, missing })),
      [{ id: '1', sent: true, missing: ['g'] }],
    )
  },
}
