import assert from 'node:assert/strict'
import type { NewParked, Store } from '../ports/store.ts'
import { outboxRow, parkedRow } from './rows.ts'
import type { StoreRule } from './store-rule.ts'

const LATER = Number.MAX_SAFE_INTEGER
const KEY = { event: 'e', group: 'g', id: '1' }
const ENTRY = { ...KEY, key: 'k', hash: 'h', outcome: 'done' as const, result: '{"r":1}' }

const park = <Tx, F>(store: Store<Tx, F>, row: NewParked) =>
  store.transaction((tx) => store.parked.add(tx, row))
const due = async <Tx, F>(store: Store<Tx, F>) =>
  (await store.parked.due({ kind: 'consume', event: 'e', group: 'a', limit: 10 })).map(
    (row) => row.id,
  )

/** Journal, parked work, audit and retention. */
export const RECORD_RULES: Readonly<Record<string, StoreRule>> = {
  'a journal entry is found by its event, group and id, with its result': async (store) => {
    await store.transaction(async (tx) => {
      assert.equal(await store.journal.begin(tx, KEY), undefined)
      await store.journal.finish(tx, ENTRY)
    })
    const found = await store.transaction((tx) => store.journal.begin(tx, KEY))
    const { at, ...rest } = found!
    assert.deepEqual(rest, ENTRY)
    assert.ok(at > 0)
    assert.deepEqual(await store.journal.find(KEY), found)
    assert.equal(await store.journal.find({ ...KEY, group: 'other' }), undefined)
  },

  'of two transactions that want one entry at the same time, only one finds it free': async (
    store,
    another,
  ) => {
    const take = <Tx, F>(one: Store<Tx, F>) =>
      one.transaction(async (tx) => {
        if (await one.journal.begin(tx, KEY)) return 'known'
        await new Promise((resolve) => setTimeout(resolve, 5))
        await one.journal.finish(tx, ENTRY)
        return 'free'
      })
    assert.deepEqual((await Promise.all([take(store), take(another)])).sort(), ['free', 'known'])
  },

  'the journal is listed newest first, by event, group and time': async (store) => {
    for (const id of ['1', '2', '3']) {
      await store.transaction((tx) => store.journal.finish(tx, { ...ENTRY, id }))
    }
    const list = await store.journal.list({ event: 'e', group: 'g', limit: 2 })
    assert.deepEqual(
      list.map((entry) => entry.id),
      ['3', '2'],
    )
    assert.deepEqual(await store.journal.list({ group: 'other', limit: 9 }), [])
    assert.deepEqual(await store.journal.list({ until: list[1]!.at - 60_000, limit: 9 }), [])
    assert.equal((await store.journal.list({ since: 1, limit: 9 })).length, 3)
  },

  'parked work is kept whole, once, listed and counted until it is resolved': async (store) => {
    const row = parkedRow('1', { key: 'k' })
    const ref = await park(store, row)
    assert.equal(await park(store, row), ref)
    const [found] = await store.parked.list({ event: 'e', group: 'a', key: 'k', limit: 10 })
    const { parkedAt, resolvedAt, resolution, ref: sameRef, body, ...rest } = found!
    assert.deepEqual({ ...rest, body: Buffer.from(body) }, { ...row, body: Buffer.from(row.body) })
    assert.deepEqual([sameRef, resolvedAt, resolution], [ref, null, null])
    assert.ok(parkedAt > 0)
    assert.equal(await store.parked.count('parked'), 1)
    const { kind, event, group, id } = row
    assert.equal(await store.parked.has({ kind, event, group, id }), true)
    assert.equal(await store.parked.has({ kind, event, group, id: 'other' }), false)
    const change = { state: 'resolved', attempts: 3, nextAttemptAt: null } as const
    await store.transaction((tx) =>
      store.parked.change(tx, ref, { ...change, resolution: 'skipped' }),
    )
    assert.deepEqual(await store.parked.list({ limit: 10 }), [])
    assert.equal(await store.parked.has({ kind, event, group, id }), false)
    const [resolved] = await store.parked.list({ state: 'resolved', limit: 10 })
    assert.equal(resolved?.resolution, 'skipped')
    assert.notEqual(await park(store, row), ref, 'parked anew')
  },

  'who has read parked work may change it; another process reads it when he has': async (
    store,
    another,
  ) => {
    const waiting = { state: 'waiting', nextAttemptAt: 1, attempts: 0 } as const
    for (let round = 0; round < 5; round++) {
      const ref = await park(store, parkedRow(`${round}`, waiting))
      const begin = <Tx, F>(one: Store<Tx, F>) =>
        one.transaction(async (tx) => {
          const found = await one.parked.get(tx, ref)
          if (found!.attempts > 0) return 'begun before'
          await new Promise((resolve) => setTimeout(resolve, 20))
          await one.parked.change(tx, ref, { ...waiting, attempts: 1 })
          return 'begun'
        })
      const words = await Promise.all([begin(store), begin(another)])
      assert.deepEqual(words.sort(), ['begun', 'begun before'])
    }
  },

  'lists are paged by ref': async (store) => {
    for (const id of ['1', '2', '3']) await park(store, parkedRow(id))
    const first = await store.parked.list({ limit: 2 })
    const rest = await store.parked.list({ limit: 2, afterRef: first[1]!.ref })
    assert.deepEqual(
      rest.map((row) => row.id),
      ['3'],
    )
  },

  'work that holds its key holds back what waits behind it, in order, and nothing else': async (
    store,
  ) => {
    const holds = { key: 'k', holdsKey: true }
    const waits = { ...holds, state: 'waiting', nextAttemptAt: 1 } as const
    const head = await park(store, parkedRow('1', holds))
    const second = await park(store, parkedRow('2', waits))
    await park(store, parkedRow('3', waits))
    await park(store, parkedRow('4', { ...waits, key: 'l' }))
    await park(store, parkedRow('5', { state: 'waiting', nextAttemptAt: LATER }))
    const holding = (key: string, atMost = 9) =>
      store.transaction((tx) => store.parked.holding(tx, 'e', 'a', key, atMost))
    assert.deepEqual([await holding('k'), await holding('k', 2), await holding('m')], [3, 2, 0])
    assert.deepEqual(await due(store), ['4'])
    const resolved = { state: 'resolved', attempts: 0, nextAttemptAt: null } as const
    await store.transaction((tx) => store.parked.change(tx, head, resolved))
    assert.deepEqual(await due(store), ['2', '4'])
    await store.transaction((tx) => store.parked.change(tx, second, resolved))
    assert.deepEqual(await due(store), ['3', '4'])
  },

  'the audit trail is listed newest first': async (store) => {
    const entry = { action: 'parked.skip', subject: 's', ref: 1, reason: 'because', by: 'me' }
    await store.transaction((tx) => store.audit.add(tx, entry))
    await store.transaction((tx) => store.audit.add(tx, { ...entry, ref: 2 }))
    const [newest, older] = await store.audit.list(10)
    const { at, ...rest } = older!
    assert.deepEqual([newest!.ref, rest], [2, entry])
    assert.ok(at > 0)
  },

  'retention deletes finished rows that are old enough, in batches, and never an open one': async (
    store,
  ) => {
    await store.transaction(async (tx) => {
      for (const id of ['1', '2', '3']) await store.journal.finish(tx, { ...ENTRY, id })
      await store.outbox.insert(tx, outboxRow('open'))
      await store.parked.add(tx, parkedRow('open'))
    })
    assert.equal(await store.retention.purge('journal', 1, 10), 0)
    assert.equal(await store.retention.purge('journal', LATER, 2), 2)
    assert.equal(await store.retention.purge('journal', LATER, 2), 1)
    assert.equal(await store.retention.purge('outbox', LATER, 10), 0)
    assert.equal(await store.retention.purge('parked', LATER, 10), 0)
    for (const group of ['a', 'b']) {
      const receipt = { event: 'e', id: 'open', group, outcome: 'done', body: '{}' } as const
      await store.transaction((tx) => store.outbox.receipt(tx, receipt))
    }
    assert.equal(await store.retention.purge('outbox', LATER, 10), 1)
    assert.equal(await store.retention.purge('audit', LATER, 10), 0)
  },
}
