import assert from 'node:assert/strict'
import { transactionRow } from './rows.ts'
import type { StoreRule } from './store-rule.ts'
import { begin, insert, LONG_MS, pause, save, saveOf } from './transactions-steps.ts'

/** Global transactions: how they come into the store and how they are saved. */
export const SAVED_RULES: Readonly<Record<string, StoreRule>> = {
  'a global transaction is kept whole, with the times of the store': async (store, another) => {
    const text = JSON.stringify({ text: '虎符 🐅\u2028', nothing: null })
    const row = transactionRow('t1', { key: 'k', input: text, headers: text, state: text })
    const from = await store.now()
    assert.deepEqual(await insert(store, row), { repeated: false })
    const { createdAt, updatedAt, finishedAt, ...rest } = (await another.transactions.get('t1'))!
    assert.deepEqual(rest, row)
    assert.ok(createdAt >= from && createdAt <= (await store.now()))
    assert.deepEqual([updatedAt, finishedAt], [createdAt, null])
    assert.equal(await store.transactions.get('t2'), undefined)
  },

  'an input and a state of a mebibyte are kept whole': async (store) => {
    const text = JSON.stringify('界'.repeat(2 ** 20 / 3))
    await begin(store, 't1', { input: text, state: text })
    const { input, state } = (await store.transactions.get('t1'))!
    assert.ok(input === text && state === text)
  },

  'the same id, name and input again changes nothing; another name or input is refused': async (
    store,
    another,
  ) => {
    await begin(store, 't1')
    const other = { hash: 'changed', state: '{"s":9}', headers: '{}' }
    assert.deepEqual(await begin(another, 't1', other), { repeated: true })
    await assert.rejects(begin(store, 't1', { input: '{"n":2}' }), { code: 'ID_REUSED' })
    await assert.rejects(begin(another, 't1', { name: 'other' }), { code: 'ID_REUSED' })
    const { state, hash } = (await store.transactions.get('t1'))!
    assert.deepEqual({ state, hash }, { state: '{"s":0}', hash: 'h' })
  },

  "an insert is part of the user's transaction": async (store) => {
    const failing = store.transaction(async (tx) => {
      await store.transactions.insert(tx, transactionRow('t1'))
      throw new Error('no')
    })
    await assert.rejects(failing, /no/)
    assert.equal(await store.transactions.get('t1'), undefined)
    assert.deepEqual(await begin(store, 't1'), { repeated: false })
  },

  'an insert waits for another one of its id: repeated when that commits, else stored': async (
    store,
    another,
  ) => {
    for (const commits of [true, false]) {
      const id = `commits ${commits}`
      const inserted = Promise.withResolvers<void>()
      const gate = Promise.withResolvers<void>()
      const first = store.transaction(async (tx) => {
        await store.transactions.insert(tx, transactionRow(id))
        inserted.resolve()
        await gate.promise
        if (!commits) throw new Error('no')
      })
      await inserted.promise
      const second = begin(another, id)
      await pause(20)
      gate.resolve()
      await (commits ? first : assert.rejects(first, /no/))
      assert.deepEqual(await second, { repeated: commits })
    }
  },

  'many are inserted at once, each with its own outcome': async (store) => {
    await begin(store, 'there')
    const [one, two, there] = [transactionRow('1'), transactionRow('2'), transactionRow('there')]
    const outcomes = await store.transaction((tx) => {
      const others = [
        { ...two, input: 'null' },
        { ...there, name: 'other' },
      ]
      return store.transactions.insertAll(tx, [one, there, two, one, ...others])
    })
    const wanted = ['inserted', 'repeated', 'inserted', 'repeated', 'reused', 'reused']
    assert.deepEqual(outcomes, wanted)
    assert.equal((await store.transactions.get('2'))!.input, two.input)
    assert.deepEqual(await store.transaction((tx) => store.transactions.insertAll(tx, [])), [])
    const many = [...Array(500).keys()].map((n) => transactionRow(`many ${n}`))
    const all = await store.transaction((tx) => store.transactions.insertAll(tx, many))
    assert.ok(all.length === 500 && all.every((outcome) => outcome === 'inserted'))
    assert.equal((await store.transactions.counts()).running, 503)
  },

  'a text that is too long is refused, never cut': async (store) => {
    const longest = { name: 'n'.repeat(128), hash: 'h'.repeat(128), key: 'k'.repeat(255) }
    await begin(store, '界'.repeat(128), longest)
    assert.equal((await store.transactions.get('界'.repeat(128)))!.key, longest.key)
    const tooLong = ['id', 'name', 'hash', 'key'].map((field) => ({ [field]: 'x'.repeat(256) }))
    for (const more of [...tooLong, { id: 'x'.repeat(129) }, { name: 'x'.repeat(129) }]) {
      await assert.rejects(begin(store, 't1', more), { code: 'LIMIT' })
      const rows = [transactionRow('t1', more)]
      const all = store.transaction((tx) => store.transactions.insertAll(tx, rows))
      await assert.rejects(all, { code: 'LIMIT' })
    }
    await assert.rejects(begin(store, ''), { code: 'ARGUMENT' })
  },

  'ids and keys that differ in case, accents or spaces are different': async (store) => {
    for (const id of ['a', 'A', 'a ', 'á']) {
      assert.deepEqual(await begin(store, id, { key: id }), { repeated: false })
      assert.equal((await store.transactions.get(id))!.id, id)
    }
    const found = await store.transactions.list({ key: 'a', limit: 10 })
    assert.deepEqual(
      found.map(({ id }) => id),
      ['a'],
    )
  },

  'a save replaces status, state and due time, and is part of its transaction': async (
    store,
    another,
  ) => {
    const owner = await store.transactions.register(LONG_MS)
    await begin(store, 't1', { owner })
    const parked = saveOf('t1', { status: 'parked', dueAt: 7 })
    assert.deepEqual(await save(store, owner, parked), [])
    const { status, state, dueAt, ...rest } = (await another.transactions.get('t1'))!
    assert.deepEqual({ status, state, dueAt }, { status: 'parked', state: '{"s":1}', dueAt: 7 })
    assert.deepEqual([rest.owner, rest.finishedAt], [owner, null])
    assert.ok(rest.updatedAt >= rest.createdAt)
    const failing = store.transaction(async (tx) => {
      await store.transactions.save(tx, owner, [saveOf('t1', { state: '{"s":2}' })])
      throw new Error('no')
    })
    await assert.rejects(failing, /no/)
    assert.equal((await store.transactions.get('t1'))!.state, '{"s":1}')
  },

  'many are saved at once, each with its own state': async (store) => {
    const owner = await store.transactions.register(LONG_MS)
    const ids = [...Array(300).keys()].map((n) => `t${n}`)
    const rows = ids.map((id) => transactionRow(id, { owner }))
    await store.transaction((tx) => store.transactions.insertAll(tx, rows))
    const statuses = ['running', 'parked', 'committed'] as const
    const saves = ids.map((id, n) => {
      const dueAt = n % 2 ? n : null
      const more = { status: statuses[n % 3]!, state: `{"s":"'${n}"}`, dueAt, release: n % 5 === 0 }
      return saveOf(id, more)
    })
    assert.deepEqual(await save(store, owner, ...saves), [])
    for (const { release, ...wanted } of saves) {
      const { id, status, state, dueAt, finishedAt, ...rest } = (await store.transactions.get(
        wanted.id,
      ))!
      assert.deepEqual({ id, status, state, dueAt }, wanted)
      assert.equal(finishedAt !== null, status === 'committed')
      assert.equal(rest.owner, release || status === 'committed' ? 0 : owner)
    }
    assert.deepEqual(await save(store, owner), [])
  },

  'a final transaction has its time, is nobody’s, and is never saved or taken again': async (
    store,
  ) => {
    const owner = await store.transactions.register(LONG_MS)
    for (const status of ['committed', 'rolledBack', 'mixed', 'stopped'] as const) {
      await begin(store, status, { owner })
      assert.deepEqual(await save(store, owner, saveOf(status, { status })), [])
      assert.deepEqual(await save(store, owner, saveOf(status)), [status])
      const take = store.transaction((tx) => store.transactions.take(tx, owner, status))
      assert.equal(await take, undefined)
      const row = (await store.transactions.get(status))!
      assert.deepEqual([row.status, row.owner, row.state], [status, 0, '{"s":1}'])
      assert.ok(row.finishedAt! >= row.createdAt)
    }
  },

  'what another has, or nobody has stored, is not saved and said so; the rest is saved': async (
    store,
    another,
  ) => {
    const [one, two] = [
      await store.transactions.register(LONG_MS),
      await another.transactions.register(LONG_MS),
    ]
    await begin(store, 'mine', { owner: one })
    await begin(store, 'theirs', { owner: two })
    await begin(store, 'nobody')
    const saves = ['theirs', 'mine', 'nobody', 'unheard of'].map((id) => saveOf(id))
    const lost = await save(store, one, ...saves)
    assert.deepEqual(lost.sort(), ['nobody', 'theirs', 'unheard of'])
    const states = await Promise.all(
      ['mine', 'theirs', 'nobody'].map((id) => store.transactions.get(id)),
    )
    assert.deepEqual(
      states.map((row) => row!.state),
      ['{"s":1}', '{"s":0}', '{"s":0}'],
    )
  },
}
