import assert from 'node:assert/strict'
import type { Store } from '../ports/store.ts'
import type { TransactionFilter, TransactionRow } from '../ports/transactions.ts'
import { transactionRow } from './rows.ts'
import type { StoreRule } from './store-rule.ts'
import { begin, KNOWN, LONG_MS, pause, save, saveOf } from './transactions-steps.ts'

const LATER = Number.MAX_SAFE_INTEGER

async function ids<Tx, F>(store: Store<Tx, F>, filter: Partial<TransactionFilter> = {}) {
  const rows = await store.transactions.list({ limit: 100, ...filter })
  return rows.map(({ id }) => id)
}

/** Inserts one after another, each at a later time. */
async function inTurn<Tx, F>(store: Store<Tx, F>, ...all: Parameters<typeof begin<Tx, F>>[]) {
  for (const [one, id, more] of all) {
    await begin(one, id, more)
    const { createdAt } = (await store.transactions.get(id))!
    while ((await store.now()) <= createdAt) await pause(1)
  }
}

/** Global transactions as a person sees them, and how they are forgotten. */
export const LISTED_RULES: Readonly<Record<string, StoreRule>> = {
  'transactions are listed oldest first, by status, kind, name and key': async (store) => {
    const owner = await store.transactions.register(LONG_MS)
    const mine = { owner, key: 'k' }
    await inTurn(
      store,
      [store, 'z', mine],
      [store, 'y', { ...mine, kind: 'tcc' }],
      [store, 'x', { ...mine, name: 'other' }],
      [store, 'w', { owner, key: 'l' }],
      [store, 'v', { owner }],
    )
    const ends = { z: 'committed', y: 'parked', x: 'rolledBack', w: 'inDoubt' } as const
    for (const [id, status] of Object.entries(ends)) {
      await save(store, owner, saveOf(id, { status }))
    }
    assert.deepEqual(await ids(store), ['z', 'y', 'x', 'w', 'v'])
    for (const [id, status] of Object.entries(ends)) {
      assert.deepEqual(await ids(store, { status }), [id])
    }
    assert.deepEqual(await ids(store, { status: 'running' }), ['v'])
    assert.deepEqual(await ids(store, { kind: 'tcc' }), ['y'])
    assert.deepEqual(await ids(store, { name: 'other' }), ['x'])
    assert.deepEqual(await ids(store, { key: 'k' }), ['z', 'y', 'x'])
    assert.deepEqual(await ids(store, { key: 'k', name: 'd', status: 'parked' }), ['y'])
    const { createdAt } = (await store.transactions.get('x'))!
    assert.deepEqual(await ids(store, { before: createdAt }), ['z', 'y'])
  },

  'a list is paged; rows of one time by their id': async (store) => {
    await store.transaction(async (tx) => {
      for (const id of ['c', 'a', 'd', 'b', 'e']) {
        const row = transactionRow(id, { key: 'k', status: 'parked' })
        await store.transactions.insert(tx, row)
      }
    })
    const filters = [{}, { status: 'parked' }, { key: 'k' }, { name: 'd' }] as const
    for (const filter of filters) {
      const all = await store.transactions.list({ ...filter, limit: 100 })
      const byTime = [...all].sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1))
      assert.deepEqual(all, byTime)
      const paged: TransactionRow[] = []
      for (let page = 0; page < 4; page++) {
        const after = paged.at(-1)
        const more = { ...filter, limit: 2, ...(after && { after }) }
        paged.push(...(await store.transactions.list(more)))
      }
      assert.deepEqual(paged, all)
      assert.equal(paged.length, 5)
    }
  },

  'unfinished transactions of definitions that nobody here knows are listed': async (store) => {
    const owner = await store.transactions.register(LONG_MS)
    await inTurn(
      store,
      [store, 'known'],
      [store, 'other hash', { hash: 'old' }],
      [store, 'other name', { name: 'gone', owner }],
      [store, 'over', { name: 'gone', owner }],
    )
    await save(store, owner, saveOf('over', { status: 'committed' }))
    const unknown = async (definitions = KNOWN, limit = 10) => {
      const rows = await store.transactions.unknown(definitions, limit)
      return rows.map(({ id }) => id)
    }
    assert.deepEqual(await unknown(), ['other hash', 'other name'])
    assert.deepEqual(await unknown(KNOWN, 1), ['other hash'])
    assert.deepEqual(await unknown([]), ['known', 'other hash', 'other name'])
    assert.deepEqual(await unknown([...KNOWN, { name: 'd', hash: 'old' }]), ['other name'])
  },

  'unfinished transactions are counted by their status': async (store) => {
    assert.deepEqual(await store.transactions.counts(), { running: 0, parked: 0, inDoubt: 0 })
    const owner = await store.transactions.register(LONG_MS)
    for (const id of ['1', '2', '3', '4', '5', '6']) await begin(store, id, { owner })
    const statuses = ['parked', 'inDoubt', 'inDoubt', 'stopped', 'mixed'] as const
    for (const [n, status] of statuses.entries()) {
      await save(store, owner, saveOf(String(n + 1), { status }))
    }
    assert.deepEqual(await store.transactions.counts(), { running: 1, parked: 1, inDoubt: 2 })
  },

  'retention deletes final transactions that ended long enough ago, never another': async (
    store,
  ) => {
    const owner = await store.transactions.register(LONG_MS)
    const statuses = ['running', 'parked', 'inDoubt', 'committed', 'rolledBack', 'stopped'] as const
    for (const status of statuses) {
      await begin(store, status, { owner })
      await save(store, owner, saveOf(status, { status }))
    }
    const ended = (await store.transactions.get('committed'))!.finishedAt!
    assert.equal(await store.retention.purge('transactions', ended, 10), 0)
    assert.equal(await store.retention.purge('transactions', LATER, 2), 2)
    assert.equal(await store.retention.purge('transactions', LATER, 2), 1)
    assert.equal(await store.retention.purge('transactions', LATER, 2), 0)
    assert.deepEqual((await ids(store)).sort(), ['inDoubt', 'parked', 'running'])
    assert.deepEqual(await begin(store, 'committed'), { repeated: false })
  },
}
