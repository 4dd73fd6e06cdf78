import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { runSql } from '../../../../tools/services/sql.ts'
import { createHufu } from '../hufu.ts'
import type { ForeignTx } from '../ports/foreign.ts'
import type { Store } from '../ports/store.ts'
import { outboxRow, transactionRow } from '../testing/rows.ts'
import { embedded } from '../transports/embedded/index.ts'
import { orderSchema } from '../world.fixture.ts'

/** A transaction of the library: the service's own work in it, and what Hufu is given. */
export interface Inside {
  readonly hufuTx: ForeignTx
  /** Inserts a row into `orders (id)`, by the library's own means. */
  order(id: string): Promise<unknown>
}

/** A library on a database that has the store's tables and `orders`. */
export interface Subject<Tx, Foreign> {
  readonly store: Store<Tx, Foreign | ForeignTx>
  readonly url: string
  /** Done after the test, before the database goes. */
  after(end: () => unknown): void
  /** Runs `fn` in a transaction of the library, rolled back when it throws. */
  transaction<T>(fn: (inside: Inside) => Promise<T>): Promise<T>
}

/** Undefined: there is no server here, the test is skipped. */
type Open<Tx, Foreign> = (t: TestContext) => Promise<Subject<Tx, Foreign> | undefined>

/** What holds for a transaction of another library, whichever it is. `on` names it. */
export function adapterRules<Tx, Foreign>(on: string, open: Open<Tx, Foreign>): void {
  const rule = (name: string, fn: (subject: Subject<Tx, Foreign>) => Promise<void>) =>
    test(`${on}: ${name}`, async (t) => {
      const subject = await open(t)
      if (subject) await fn(subject)
    })
  rule('what is stored commits and rolls back with the service’s own rows', together)
  rule('the same again changes nothing, another under the same id is refused', repeats)
  rule('a transaction that has ended is refused', ended)
  rule('an event published in it reaches its consumer; a saga begun in it runs', whole)
}

const KEY = { kind: 'saga', gid: 'g', branch: '01', op: 'action', barrier: '01' } as const

async function together<Tx, Foreign>(subject: Subject<Tx, Foreign>): Promise<void> {
  const { store } = subject
  const work = (fail: boolean) => async (inside: Inside) => {
    await inside.order('1')
    const published = await store.outbox.insert(inside.hufuTx, outboxRow('1'))
    const begun = await store.transactions.insert(inside.hufuTx, transactionRow('t'))
    assert.deepEqual([published, begun], [{ repeated: false }, { repeated: false }])
    assert.equal(await store.barrier.enter(inside.hufuTx, KEY), 'go')
    await store.barrier.keep(inside.hufuTx, KEY, '7')
    assert.deepEqual(await stored(subject), [0, 0, undefined])
    if (fail) throw new Error('the business refuses')
  }
  await assert.rejects(subject.transaction(work(true)), /the business refuses/)
  assert.deepEqual(await stored(subject), [0, 0, undefined])
  await subject.transaction(work(false))
  assert.deepEqual(await stored(subject), [1, 1, 't'])
  assert.equal(await store.transaction((tx) => store.barrier.result(tx, KEY)), '7')
}

async function repeats<Tx, Foreign>(subject: Subject<Tx, Foreign>): Promise<void> {
  const { store, transaction } = subject
  const publish = (key: string | null) =>
    transaction(async ({ hufuTx }) => store.outbox.insert(hufuTx, outboxRow('1', { key })))
  const begin = (input: string) =>
    transaction(({ hufuTx }) => store.transactions.insert(hufuTx, transactionRow('t', { input })))
  for (const repeated of [false, true]) {
    assert.deepEqual(await publish(null), { repeated })
    assert.deepEqual(await begin('1'), { repeated })
  }
  await assert.rejects(publish('k'), { code: 'ID_REUSED' })
  await assert.rejects(begin('2'), { code: 'ID_REUSED' })
  const enter = (op: string) =>
    transaction(({ hufuTx }) => store.barrier.enter(hufuTx, { ...KEY, op }))
  assert.deepEqual([await enter('compensate'), await enter('action')], ['empty', 'repeat'])
  assert.deepEqual(await stored(subject), [0, 1, 't'])
}

async function ended<Tx, Foreign>(subject: Subject<Tx, Foreign>): Promise<void> {
  const old = await subject.transaction(async ({ hufuTx }) => hufuTx)
  const publishing = (async () => subject.store.outbox.insert(old, outboxRow('late')))()
  await assert.rejects(publishing, { code: /^TRANSACTION_(OVER|MISSING)$/ })
  assert.deepEqual(await stored(subject), [0, 0, undefined])
}

async function whole<Tx, Foreign>(subject: Subject<Tx, Foreign>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'hufu-adapters-'))
  subject.after(() => rm(dir, { recursive: true }))
  const hufu = createHufu({ service: 'shop', store: subject.store, transport: embedded(dir) })
  const placed = hufu.event('order.placed', orderSchema, { groups: ['points'] })
  const consumed = Promise.withResolvers<string>()
  placed.consume('points', (_tx, order) => consumed.resolve(order.sku))
  const ship = hufu.saga('ship', orderSchema, (saga) => saga.retry('send', { do: () => 'sent' }))
  await hufu.start()
  subject.after(() => hufu.stop())
  const order = { sku: 's1', cents: 5 }
  await subject.transaction(async (inside) => {
    await inside.order('1')
    await placed.publish(inside.hufuTx, order, { id: 'o1' })
    await ship.start(inside.hufuTx, order, { id: 'o1' })
  })
  assert.equal(await consumed.promise, 's1')
  assert.equal((await ship.outcome('o1', { wait: '20s' })).status, 'committed')
}

/** Orders, messages to send, and the id of the global transaction, as others see them. */
async function stored<Tx, Foreign>({ url, store }: Subject<Tx, Foreign>) {
  const orders = await runSql(url, 'SELECT id FROM orders')
  const waiting = await store.outbox.waiting(9)
  return [orders.length, waiting, (await store.transactions.get('t'))?.id]
}
