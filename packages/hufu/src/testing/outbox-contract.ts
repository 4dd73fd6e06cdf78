import assert from 'node:assert/strict'
import type { NewOutboxRow, SendOutcome, Store } from '../ports/store.ts'
import { outboxRow } from './rows.ts'
import type { StoreRule } from './store-rule.ts'

const HOUR_MS = 3_600_000
const LATER = Date.now() + 100 * HOUR_MS

const insert = <Tx, F>(store: Store<Tx, F>, ...rows: NewOutboxRow[]) =>
  store.transaction(async (tx) => {
    for (const row of rows) await store.outbox.insert(tx, row)
  })

const claim = async <Tx, F>(store: Store<Tx, F>, relay = 'relay 1', leaseMs = 60_000) =>
  (await store.outbox.claim({ relay, limit: 10, leaseMs }))!

const settle = <Tx, F>(store: Store<Tx, F>, token: number, ...outcomes: SendOutcome[]) =>
  store.transaction((tx) => store.outbox.settle(tx, token, outcomes))

const answer = <Tx, F>(store: Store<Tx, F>, id: string, group: string) =>
  store.transaction((tx) =>
    store.outbox.receipt(tx, { event: 'e', id, group, outcome: 'done', body: '{}' }),
  )

/** Claims what there is and settles it as sent; the ids. */
const send = async <Tx, F>(store: Store<Tx, F>, resendAt: number | null) => {
  const { token, rows } = await claim(store)
  await settle(
    store,
    token,
    ...rows.map(({ ref }) => ({ ref, outcome: 'sent' as const, resendAt })),
  )
  return rows.map((row) => row.id)
}

export const OUTBOX_RULES: Readonly<Record<string, StoreRule>> = {
  'the same id with the same key and body is a repeat, with another it is refused': async (
    store,
  ) => {
    const again = (row: NewOutboxRow) => store.transaction((tx) => store.outbox.insert(tx, row))
    assert.deepEqual(await again(outboxRow('1', { key: 'k' })), { repeated: false })
    assert.deepEqual(await again(outboxRow('1', { key: 'k' })), { repeated: true })
    assert.deepEqual(await again(outboxRow('1', { event: 'f' })), { repeated: false })
    assert.deepEqual([await store.outbox.waiting(9), await store.outbox.waiting(1)], [2, 1])
    await assert.rejects(again(outboxRow('1', { key: 'other' })), { code: 'ID_REUSED' })
    const body = new Uint8Array([1])
    await assert.rejects(again(outboxRow('1', { key: 'k', body })), { code: 'ID_REUSED' })
  },

  'a claim gives rows in commit order, as they were stored, the first of each key': async (
    store,
  ) => {
    const full = outboxRow('1', { key: 'k', headers: { h: 'v' }, delayMs: 5 })
    await insert(store, full, outboxRow('2', { key: 'k' }), outboxRow('3'), outboxRow('4'))
    const { rows, more } = await claim(store)
    assert.deepEqual(
      rows.map((row) => row.id),
      ['1', '3', '4'],
    )
    assert.equal(more, true)
    const { ref, publishedAt, attempts, resend, body, ...rest } = rows[0]!
    assert.deepEqual(
      { ...rest, body: Buffer.from(body) },
      { ...full, body: Buffer.from(full.body) },
    )
    assert.equal(attempts, 0)
    assert.equal(resend, false)
    assert.ok(ref >= 0 && publishedAt > 0)
  },

  'what is not committed is not claimed': async (store) => {
    await store.transaction(async (tx) => {
      await store.outbox.insert(tx, outboxRow('1'))
      assert.deepEqual((await claim(store)).rows, [])
    })
    assert.equal((await claim(store)).rows.length, 1)
  },

  'rows sent without receipts are closed; others stay open until each group has answered once':
    async (store) => {
      await insert(store, outboxRow('1'), outboxRow('2', { receipts: false }))
      const { token, rows } = await claim(store)
      const [one, two] = rows
      await settle(store, token, { ref: one!.ref, outcome: 'sent', resendAt: LATER })
      await settle(store, token, { ref: two!.ref, outcome: 'sent', resendAt: null })
      assert.equal(await answer(store, '1', 'a'), true)
      assert.equal(await answer(store, '1', 'a'), false, 'a repeat')
      assert.equal(await answer(store, '1', 'nobody'), false, 'not one of its groups')
      assert.equal(await answer(store, 'none', 'a'), false, 'no such row')
      const [open, ...rest] = await store.outbox.open('e', LATER, 10)
      assert.deepEqual([open?.id, open?.missing, open?.sent, rest], ['1', ['b'], true, []])
      assert.equal(await answer(store, '1', 'b'), true)
      assert.deepEqual(await store.outbox.open('e', LATER, 10), [])
      const receipts = await store.outbox.receipts('e', '1')
      assert.deepEqual(receipts.map((receipt) => receipt.group).sort(), ['a', 'b'])
    },

  'an answer that comes before the sending is settled counts': async (store) => {
    await insert(store, outboxRow('1'))
    const { token, rows } = await claim(store)
    await answer(store, '1', 'a')
    await answer(store, '1', 'b')
    await settle(store, token, { ref: rows[0]!.ref, outcome: 'sent', resendAt: LATER })
    assert.deepEqual(await store.outbox.open('e', LATER, 10), [])
  },

  'an overdue row is claimed again for the groups that have not answered': async (store) => {
    await insert(store, outboxRow('1'))
    assert.deepEqual(await send(store, (await store.now()) - 1), ['1'])
    await answer(store, '1', 'a')
    const { token, rows } = await claim(store)
    assert.deepEqual([rows[0]?.resend, rows[0]?.groups, rows[0]?.attempts], [true, ['b'], 0])
    const ref = rows[0]!.ref
    await settle(store, token, { ref, outcome: 'sent', resendAt: (await store.now()) - 1 })
    assert.equal((await claim(store)).rows[0]?.attempts, 1)
  },

  'a refused row waits, later rows of its key behind it, others flow; its attempts are counted':
    async (store) => {
      await insert(store, outboxRow('1', { key: 'k' }), outboxRow('2', { key: 'k' }))
      const first = await claim(store)
      const ref = first.rows[0]!.ref
      const dueAt = (await store.now()) + HOUR_MS
      await settle(store, first.token, { ref, outcome: 'refused', dueAt })
      await insert(
        store,
        outboxRow('3', { key: 'l' }),
        outboxRow('4'),
        outboxRow('5', { key: 'k' }),
      )
      const second = await claim(store)
      assert.deepEqual(second.rows.map((row) => row.id).sort(), ['3', '4'])
      await settle(store, second.token, { ref, outcome: 'refused', dueAt: 1 })
      const third = await claim(store)
      const head = third.rows.find((row) => row.key === 'k')
      assert.deepEqual([head?.id, head?.attempts], ['1', 2])
    },

  'a parked row is neither sent nor closed until it is opened again; its key goes on': async (
    store,
  ) => {
    await insert(store, outboxRow('1', { key: 'k' }), outboxRow('2', { key: 'k' }))
    const { token, rows } = await claim(store)
    await settle(store, token, { ref: rows[0]!.ref, outcome: 'parked' })
    assert.deepEqual(await send(store, LATER), ['2'])
    const open = await store.outbox.open('e', LATER, 10)
    assert.deepEqual(
      open.map((row) => [row.id, row.sent]),
      [
        ['1', false],
        ['2', true],
      ],
    )
    await store.transaction((tx) => store.outbox.reopen(tx, rows[0]!.ref))
    assert.deepEqual(await send(store, LATER), ['1'])
  },

  'one relay at a time: another gets nothing until the first lets go': async (store, another) => {
    await insert(store, outboxRow('1'))
    await claim(store, 'relay 1')
    assert.equal(await claim(another, 'relay 2'), undefined)
    await store.outbox.release('relay 1')
    assert.equal((await claim(another, 'relay 2')).rows.length, 1)
  },

  'when a lease has ended another relay takes over, and the first can settle nothing': async (
    store,
    another,
  ) => {
    await insert(store, outboxRow('1'))
    const old = await claim(store, 'relay 1', 0)
    const { token, rows } = await claim(another, 'relay 2')
    const ref = rows[0]!.ref
    assert.equal(await settle(store, old.token, { ref, outcome: 'parked' }), false)
    assert.equal(await settle(another, token, { ref, outcome: 'sent', resendAt: LATER }), true)
    assert.equal((await store.outbox.stats()).open, 1)
    assert.equal(await store.outbox.waiting(9), 0)
  },

  'claimed rows that are not settled stay to be sent, before later ones of their key': async (
    store,
  ) => {
    await insert(
      store,
      outboxRow('1', { key: 'k' }),
      outboxRow('2', { key: 'l' }),
      outboxRow('3', { receipts: false }),
    )
    const { token, rows } = await claim(store)
    const last = rows.find(({ id }) => id === '3')!
    await settle(store, token, { ref: last.ref, outcome: 'sent', resendAt: null })
    await insert(store, outboxRow('4', { key: 'k' }))
    assert.deepEqual([await store.outbox.waiting(9), await store.outbox.waiting(2)], [3, 2])
    assert.deepEqual((await send(store, LATER)).sort(), ['1', '2'])
    assert.deepEqual(await send(store, LATER), ['4'])
    assert.deepEqual(await send(store, LATER), [])
  },

  'sent rows that nobody answers are neither open nor waiting, and are purged; later ones are sent':
    async (store) => {
      for (const ids of [['1', '2'], ['3'], ['4']]) {
        await insert(store, ...ids.map((id) => outboxRow(id, { receipts: false })))
        const { waiting, oldestMs } = await store.outbox.stats()
        assert.deepEqual([waiting, oldestMs < HOUR_MS], [ids.length, true])
        assert.equal((await store.outbox.open('e', LATER, 10)).length, ids.length)
        assert.equal(await store.retention.purge('outbox', 1, 10), 0, 'too young')
        assert.deepEqual(await send(store, null), ids)
        const stats = await store.outbox.stats()
        assert.deepEqual(stats, { waiting: 0, oldestMs: 0, open: 0 })
        assert.deepEqual(await store.outbox.open('e', LATER, 10), [])
        await store.retention.purge('outbox', LATER, 10)
      }
    },

  'a row stored after later ones were sent is claimed all the same': async (store) => {
    await insert(store, outboxRow('2'))
    assert.deepEqual(await send(store, LATER), ['2'])
    await insert(store, outboxRow('1'))
    assert.deepEqual(await send(store, LATER), ['1'])
  },
}
