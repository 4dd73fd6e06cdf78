import assert from 'node:assert/strict'
import type { Store } from '../ports/store.ts'
import type { BarrierKey } from '../ports/transactions.ts'
import type { StoreRule } from './store-rule.ts'
import { begin, LONG_MS, pause, save, saveOf } from './transactions-steps.ts'

const LATER = Number.MAX_SAFE_INTEGER

const key = (op: string, more: Partial<BarrierKey> = {}): BarrierKey => {
  return { kind: 'tcc', gid: 'g', branch: '01', barrier: '01', op, ...more }
}

const enter = <Tx, F>(store: Store<Tx, F>, which: BarrierKey) =>
  store.transaction((tx) => store.barrier.enter(tx, which))

const resultOf = <Tx, F>(store: Store<Tx, F>, which: BarrierKey) =>
  store.transaction((tx) => store.barrier.result(tx, which))

/** Enters, and keeps the transaction open until told how it shall end. */
async function entered<Tx, F>(store: Store<Tx, F>, which: BarrierKey) {
  const gate = Promise.withResolvers<void>()
  const done = Promise.withResolvers<void>()
  const over = store.transaction(async (tx) => {
    const word = await store.barrier.enter(tx, which)
    done.resolve()
    await gate.promise
    return word
  })
  await Promise.race([done.promise, over])
  return {
    commit() {
      gate.resolve()
      return over
    },
    rollBack() {
      gate.reject(new Error('no'))
      return assert.rejects(over, /^Error: no$/)
    },
  }
}

/** What a participant asks before its work. */
export const BARRIER_RULES: Readonly<Record<string, StoreRule>> = {
  'an operation is done once; a repeat is known, in every process': async (store, another) => {
    for (const op of ['action', 'try', 'confirm']) {
      assert.equal(await enter(store, key(op)), 'go')
      assert.equal(await enter(store, key(op)), 'repeat')
      assert.equal(await enter(another, key(op)), 'repeat')
    }
  },

  'what was done is undone once': async (store, another) => {
    for (const [done, undone] of [['try', 'cancel'] as const, ['action', 'compensate'] as const]) {
      assert.equal(await enter(store, key(done)), 'go')
      assert.equal(await enter(another, key(undone)), 'go')
      assert.equal(await enter(store, key(undone)), 'repeat')
    }
  },

  'an undoing that comes first has nothing to do, and what comes after it is not done': async (
    store,
    another,
  ) => {
    for (const [done, undone] of [['try', 'cancel'] as const, ['action', 'compensate'] as const]) {
      assert.equal(await enter(store, key(undone)), 'empty')
      assert.equal(await enter(another, key(done)), 'repeat')
      assert.equal(await enter(store, key(undone)), 'repeat')
    }
  },

  'a confirm undoes nothing and needs no row of the try': async (store) => {
    assert.equal(await enter(store, key('confirm')), 'go')
    assert.equal(await enter(store, key('try')), 'go')
  },

  'barriers of other transactions, branches and calls are others; the kind is not asked': async (
    store,
  ) => {
    const others = [{ gid: 'G' }, { gid: 'g ' }, { branch: '02' }, { barrier: '02' }]
    assert.equal(await enter(store, key('try')), 'go')
    for (const more of others) assert.equal(await enter(store, key('try', more)), 'go')
    for (const more of others) assert.equal(await enter(store, key('cancel', more)), 'go')
    assert.equal(await enter(store, key('cancel', { barrier: '03' })), 'empty')
    assert.equal(await enter(store, key('try', { kind: 'saga' })), 'repeat')
  },

  'two barriers of one call in one transaction are both gone through': async (store) => {
    const both = (op: string) =>
      store.transaction(async (tx) => [
        await store.barrier.enter(tx, key(op)),
        await store.barrier.enter(tx, key(op, { barrier: '02' })),
      ])
    assert.deepEqual(await both('try'), ['go', 'go'])
    assert.deepEqual(await both('try'), ['repeat', 'repeat'])
    assert.deepEqual(await both('cancel'), ['go', 'go'])
  },

  'a local transaction that is rolled back leaves no row': async (store) => {
    for (const op of ['try', 'cancel']) {
      const failing = store.transaction(async (tx) => {
        await store.barrier.enter(tx, key(op))
        await store.barrier.keep(tx, key(op), '1')
        throw new Error('no')
      })
      await assert.rejects(failing, /no/)
    }
    assert.equal(await resultOf(store, key('try')), undefined)
    assert.equal(await enter(store, key('cancel')), 'empty')
  },

  'of two that enter at the same time one goes': async (store, another) => {
    for (let n = 0; n < 10; n++) {
      const which = key('try', { gid: `g${n}` })
      const words = await Promise.all([enter(store, which), enter(another, which)])
      assert.deepEqual(words.sort(), ['go', 'repeat'])
    }
  },

  'a cancel waits for a try under way: it undoes what commits, and only that': async (
    store,
    another,
  ) => {
    for (const commits of [true, false]) {
      const gid = `commits ${commits}`
      const trying = await entered(store, key('try', { gid }))
      const cancel = enter(another, key('cancel', { gid }))
      await pause(20)
      await (commits ? trying.commit() : trying.rollBack())
      assert.equal(await cancel, commits ? 'go' : 'empty')
    }
  },

  'a try waits for a cancel under way: it is done only when that is rolled back': async (
    store,
    another,
  ) => {
    for (const commits of [true, false]) {
      const gid = `commits ${commits}`
      const cancel = await entered(store, key('cancel', { gid }))
      const trying = enter(another, key('try', { gid }))
      await pause(20)
      await (commits ? cancel.commit() : cancel.rollBack())
      assert.equal(await trying, commits ? 'repeat' : 'go')
    }
  },

  'a key that is too long or empty is refused, never cut': async (store) => {
    const long = key('o'.repeat(45), { gid: '界'.repeat(128), branch: 'b'.repeat(128) })
    assert.equal(await enter(store, { ...long, barrier: '1'.repeat(45) }), 'go')
    const limits = { gid: 128, branch: 128, op: 45, barrier: 45 }
    for (const [field, limit] of Object.entries(limits)) {
      const tooLong = key('try', { [field]: 'x'.repeat(limit + 1) })
      await assert.rejects(enter(store, tooLong), { code: 'LIMIT' })
      await assert.rejects(enter(store, key('try', { [field]: '' })), { code: 'ARGUMENT' })
    }
  },

  'what an operation returned is there for its repeat and its undoing, however large': async (
    store,
    another,
  ) => {
    const text = JSON.stringify('界'.repeat(2 ** 18))
    await store.transaction(async (tx) => {
      assert.equal(await store.barrier.enter(tx, key('try')), 'go')
      assert.equal(await store.barrier.result(tx, key('try')), undefined)
      await store.barrier.keep(tx, key('try'), '1')
      await store.barrier.keep(tx, key('try'), text)
      assert.equal(await store.barrier.result(tx, key('try')), text)
    })
    await another.transaction(async (tx) => {
      assert.equal(await another.barrier.enter(tx, key('cancel')), 'go')
      assert.ok((await another.barrier.result(tx, key('try'))) === text)
      assert.equal(await another.barrier.result(tx, key('cancel')), undefined)
    })
    assert.equal(await resultOf(store, key('try', { barrier: '02' })), undefined)
    assert.ok((await resultOf(store, key('try'))) === text)
  },

  'old rows are deleted with their results, but not while their transaction is open here': async (
    store,
  ) => {
    const owner = await store.transactions.register(LONG_MS)
    const purge = (before: number, limit = 10) => store.retention.purge('barrier', before, limit)
    const gids = ['elsewhere', 'open', 'final']
    await begin(store, 'open', { owner })
    await begin(store, 'final', { owner })
    for (const gid of gids) {
      await store.transaction(async (tx) => {
        await store.barrier.enter(tx, key('try', { gid }))
        await store.barrier.keep(tx, key('try', { gid }), `"${gid}"`)
      })
    }
    await save(store, owner, saveOf('final', { status: 'committed' }))
    assert.equal(await purge(1), 0)
    assert.equal(await purge(LATER, 1), 1)
    assert.equal(await purge(LATER), 1)
    assert.equal(await purge(LATER), 0)
    assert.equal(await resultOf(store, key('try', { gid: 'open' })), '"open"')
    assert.equal(await enter(store, key('try', { gid: 'open' })), 'repeat')
    for (const gid of ['elsewhere', 'final']) {
      assert.equal(await resultOf(store, key('try', { gid })), undefined)
      assert.equal(await enter(store, key('try', { gid })), 'go')
    }
  },
}
