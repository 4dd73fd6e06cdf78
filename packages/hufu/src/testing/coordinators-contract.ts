import assert from 'node:assert/strict'
import type { StoreRule } from './store-rule.ts'
import { begin, claim, expired, KNOWN, LONG_MS, pause, save, saveOf } from './transactions-steps.ts'

/** Who works on which global transaction. */
export const COORDINATOR_RULES: Readonly<Record<string, StoreRule>> = {
  'a coordinator’s number was never given before': async (store, another) => {
    const numbers: number[] = []
    for (const one of [store, another, store]) {
      const number = await one.transactions.register(LONG_MS)
      assert.ok(Number.isSafeInteger(number) && number > 0)
      numbers.push(number)
      await one.transactions.unregister(number)
    }
    numbers.push(await store.transactions.register(LONG_MS))
    assert.equal(new Set(numbers).size, 4)
  },

  'only transactions of the definitions named are claimed: name and hash': async (store) => {
    const owner = await store.transactions.register(LONG_MS)
    await begin(store, 'known', { dueAt: 2 })
    await begin(store, 'other name', { name: 'e', dueAt: 1 })
    await begin(store, 'other hash', { hash: 'i', dueAt: 1 })
    assert.deepEqual(await claim(store, owner, { definitions: [] }), [])
    assert.deepEqual(await claim(store, owner, { definitions: [{ name: 'e', hash: 'i' }] }), [])
    assert.deepEqual(await claim(store, owner), ['known'])
    const both = [...KNOWN, { name: 'e', hash: 'h' }, { name: 'd', hash: 'i' }]
    const rest = await claim(store, owner, { definitions: both })
    assert.deepEqual(rest.sort(), ['other hash', 'other name'])
  },

  'due ones are claimed, the earliest first, whole, once, and no more than asked for': async (
    store,
    another,
  ) => {
    const owner = await store.transactions.register(LONG_MS)
    const far = (await store.now()) + LONG_MS
    const dues = { c: 3, a: 1, e: 5, b: 2, d: 4, later: far, never: null }
    for (const [id, dueAt] of Object.entries(dues)) {
      await begin(store, id, { dueAt, ...(id === 'b' && { name: 'other' }) })
    }
    const definitions = [...KNOWN, { name: 'other', hash: 'h' }]
    const first = await store.transactions.claim({ owner, definitions, limit: 1 })
    assert.deepEqual(first, [await another.transactions.get('a')])
    assert.equal(first[0]!.owner, owner)
    assert.deepEqual(await claim(store, owner, { definitions, limit: 3 }), ['b', 'c', 'd'])
    assert.deepEqual(await claim(store, owner, { definitions }), ['e'])
    assert.deepEqual(await claim(store, owner, { definitions }), [])
  },

  'coordinators that claim at the same time never get the same transaction': async (
    store,
    another,
  ) => {
    for (let n = 0; n < 60; n++) await begin(store, `t${n}`, { dueAt: 1 })
    const got: string[] = []
    const work = [store, another, store, another].map(async (one) => {
      const owner = await one.transactions.register(LONG_MS)
      for (let tries = 0; got.length < 60 && tries < 500; tries++) {
        const ids = await claim(one, owner, { limit: 4 })
        got.push(...ids)
        for (const id of ids) assert.equal((await store.transactions.get(id))!.owner, owner)
      }
    })
    await Promise.all(work)
    assert.deepEqual([got.length, new Set(got).size], [60, 60])
  },

  'what a transaction is about to take is not claimed by another': async (store, another) => {
    const one = await store.transactions.register(LONG_MS)
    const two = await another.transactions.register(LONG_MS)
    await begin(store, 't1', { dueAt: 1 })
    const taken = Promise.withResolvers<void>()
    const gate = Promise.withResolvers<void>()
    const taking = store.transaction(async (tx) => {
      await store.transactions.take(tx, one, 't1')
      taken.resolve()
      await gate.promise
    })
    await taken.promise
    const claiming = claim(another, two)
    await pause(20)
    gate.resolve()
    await taking
    assert.deepEqual(await claiming, [])
    assert.equal((await store.transactions.get('t1'))!.owner, one)
  },

  'while its coordinator’s lease lasts nobody else gets a transaction, due or not': async (
    store,
    another,
  ) => {
    const one = await store.transactions.register(LONG_MS)
    const two = await another.transactions.register(LONG_MS)
    await begin(store, 'due', { owner: one, dueAt: 1 })
    await begin(store, 'not due', { owner: one })
    assert.deepEqual(await claim(another, two), [])
    assert.equal(await store.transactions.renew(one, LONG_MS), true)
    assert.deepEqual(await save(store, one, saveOf('due'), saveOf('not due')), [])
  },

  'what a dead coordinator had is claimed before what is due, whether due or not': async (
    store,
    another,
  ) => {
    const dead = await expired(store)
    const owner = await another.transactions.register(LONG_MS)
    await begin(store, 'due', { dueAt: 1 })
    await begin(store, 'not due', { owner: dead })
    await begin(store, 'parked', { owner: dead, status: 'parked' })
    await begin(store, 'unknown', { owner: dead, hash: 'other' })
    const first = await claim(another, owner, { limit: 2 })
    assert.deepEqual(first.sort(), ['not due', 'parked'])
    assert.deepEqual(await claim(another, owner), ['due'])
    const definitions = [{ name: 'd', hash: 'other' }]
    assert.deepEqual(await claim(another, owner, { definitions }), ['unknown'])
  },

  'after a takeover the former coordinator saves nothing of what was taken, and is void': async (
    store,
    another,
  ) => {
    const former = await expired(store)
    const owner = await another.transactions.register(LONG_MS)
    for (const id of ['1', '2', '3']) await begin(store, id, { owner: former })
    const taken = await claim(another, owner, { limit: 2 })
    assert.equal(taken.length, 2)
    const saves = ['1', '2', '3'].map((id) => saveOf(id, { state: '{"late":true}' }))
    const lost = await save(store, former, ...saves)
    assert.deepEqual(lost.sort(), taken.sort())
    for (const id of taken) assert.equal((await store.transactions.get(id))!.state, '{"s":0}')
    assert.equal(await store.transactions.renew(former, LONG_MS), false)
    assert.deepEqual(await claim(store, former), [])
    const late = saveOf('3', { dueAt: 1, release: true })
    assert.deepEqual(await save(store, former, late), [])
    assert.deepEqual(await claim(another, owner), ['3'])
  },

  'a lease that has ended is renewed while nobody has noticed; until then nothing is claimed':
    async (store, another) => {
      const owner = await expired(store)
      await begin(store, 'mine', { owner })
      await begin(store, 'due', { dueAt: 1 })
      assert.deepEqual(await claim(store, owner), [])
      assert.equal(await store.transactions.renew(owner, LONG_MS), true)
      const other = await another.transactions.register(LONG_MS)
      assert.deepEqual(await claim(another, other), ['due'])
      assert.deepEqual(await save(store, owner, saveOf('mine')), [])
    },

  'a claim of another makes a coordinator whose lease has ended void, for good': async (
    store,
    another,
  ) => {
    const former = await expired(store)
    const owner = await another.transactions.register(LONG_MS)
    assert.deepEqual(await claim(another, owner), [])
    assert.equal(await store.transactions.renew(former, LONG_MS), false)
    // A transaction of its that took long brings a row when it has been void for some time.
    await another.transactions.register(LONG_MS)
    await begin(store, 'late', { owner: former })
    assert.deepEqual(await claim(another, owner), ['late'])
  },

  'who is unregistered gives back what it had at once': async (store, another) => {
    const one = await store.transactions.register(LONG_MS)
    const two = await another.transactions.register(LONG_MS)
    await begin(store, 't1', { owner: one })
    await store.transactions.unregister(one)
    assert.equal(await store.transactions.renew(one, LONG_MS), false)
    assert.deepEqual(await claim(another, two), ['t1'])
    await another.transactions.unregister(two)
    const three = await store.transactions.register(LONG_MS)
    assert.deepEqual(await claim(store, three), ['t1'])
  },

  'what is given back is claimed when it is due, not before': async (store, another) => {
    const one = await store.transactions.register(LONG_MS)
    const two = await another.transactions.register(LONG_MS)
    const far = (await store.now()) + LONG_MS
    for (const id of ['due', 'later', 'never']) await begin(store, id, { owner: one })
    const released = { status: 'parked', release: true } as const
    await save(
      store,
      one,
      saveOf('due', { ...released, dueAt: 1 }),
      saveOf('later', { ...released, dueAt: far }),
      saveOf('never', { ...released }),
    )
    assert.deepEqual(await save(store, one, saveOf('due')), ['due'])
    assert.deepEqual(await claim(another, two), ['due'])
    assert.deepEqual(await claim(another, two), [])
  },

  'final transactions are never claimed': async (store, another) => {
    const one = await store.transactions.register(LONG_MS)
    const two = await another.transactions.register(LONG_MS)
    for (const status of ['committed', 'rolledBack', 'mixed', 'stopped'] as const) {
      await begin(store, status, { owner: one })
      const release = status === 'mixed'
      await save(store, one, saveOf(status, { status, dueAt: 1, release }))
    }
    await begin(store, 'from the start', { owner: one, status: 'committed', dueAt: 1 })
    await store.transactions.unregister(one)
    assert.deepEqual(await claim(another, two), [])
  },

  'a person’s word gives a transaction to a coordinator, whoever had it': async (
    store,
    another,
  ) => {
    const one = await store.transactions.register(LONG_MS)
    const two = await another.transactions.register(LONG_MS)
    await begin(store, 'held', { owner: one })
    await begin(store, 'parked', { status: 'parked' })
    const taken = await another.transaction(async (tx) => {
      const held = await another.transactions.take(tx, two, 'held')
      const lost = await another.transactions.save(tx, two, [saveOf('held')])
      return { held, lost, parked: await another.transactions.take(tx, two, 'parked') }
    })
    const { held, lost, parked } = taken
    assert.deepEqual([held?.owner, held?.state, lost], [two, '{"s":0}', []])
    assert.deepEqual([parked?.owner, parked?.status], [two, 'parked'])
    assert.deepEqual(await save(store, one, saveOf('held')), ['held'])
    const none = another.transaction((tx) => another.transactions.take(tx, two, 'none'))
    assert.equal(await none, undefined)
  },
}
