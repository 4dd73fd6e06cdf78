import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { nodeOs } from '@hufu/os'
import { isHufuError } from './errors.ts'
import { doIn } from './in-store.ts'
import { fail } from './outcome.ts'
import { type SqliteTx, sqlite } from './stores/sqlite/index.ts'
import { inWorld, type Order, orderSchema, type Service, until } from './world.fixture.ts'

const setUp = (db: DatabaseSync) =>
  db.exec('CREATE TABLE IF NOT EXISTS effects (n INTEGER PRIMARY KEY, id TEXT, value TEXT)')

const ORDER: Order = { sku: 'tea', cents: 500 }

function note(tx: SqliteTx, id: string, value: string): void {
  tx.run('INSERT INTO effects (id, value) VALUES (?, ?)', id, value)
}

async function effects({ store }: Service): Promise<string[]> {
  const rows = await store.transaction((tx) =>
    tx.all<{ id: string; value: string }>('SELECT id, value FROM effects ORDER BY n'),
  )
  return rows.map(({ id, value }) => `${id} ${value}`)
}

test(
  'a saga: typed steps in transactions of the store, undone in reverse',
  inWorld(async (world) => {
    const service = world.service('shop')
    let broke = false
    const placeOrder = service.saga('place-order', orderSchema, (order) =>
      order
        .step('reserve', {
          do: (tx, { sku }, { id }) => {
            note(tx, id, `reserve ${sku}`)
            return { shelf: 7 }
          },
          undo: (tx, _order, { shelf }, { id }) => note(tx, id, `release ${shelf}`),
        })
        .step('coupon', {
          do: (tx, _order, { id }) => note(tx, id, 'coupon'),
          undo: (tx, _order, _nothing, { id }) => note(tx, id, 'coupon back'),
        })
        .pivot('charge', {
          do: (tx, { cents }, { id }) => {
            note(tx, id, `charge ${cents}`)
            if (broke) throw fail('NO_MONEY')
            return cents
          },
        })
        .retry('ship', { do: (_tx, _order, { results }) => `from ${results.reserve.shelf}` }),
    )
    await service.start()
    const done = await placeOrder.run(ORDER, { id: 'o1' })
    assert.equal(done.status, 'committed')
    assert.equal(done.results.ship, 'from 7')
    broke = true
    const undone = await placeOrder.run(ORDER, { id: 'o2' })
    assert.deepEqual([undone.status, undone.cause?.code], ['rolledBack', 'NO_MONEY'])
    assert.deepEqual(await effects(service), [
      ...['o1 reserve tea', 'o1 coupon', 'o1 charge 500'],
      ...['o2 reserve tea', 'o2 coupon', 'o2 coupon back', 'o2 release 7'],
    ])
  }),
)

test(
  'a TCC: all tried, then all confirmed or what was tried cancelled',
  inWorld(async (world) => {
    const service = world.service('bank')
    const account = (name: string, refuses: () => boolean) => ({
      try: (tx: SqliteTx, { cents }: Order, { id }: { id: string }) => {
        if (refuses()) throw fail('FROZEN')
        note(tx, id, `${name} try ${cents}`)
        return cents
      },
      confirm: (tx: SqliteTx, _: Order, cents: number, { id }: { id: string }) =>
        note(tx, id, `${name} confirm ${cents}`),
      cancel: (tx: SqliteTx, _: Order, cents: number, { id }: { id: string }) =>
        note(tx, id, `${name} cancel ${cents}`),
    })
    let refuses = false
    const transfer = service.tcc('transfer', orderSchema, (begin) =>
      begin
        .branch(
          'out',
          account('out', () => false),
        )
        .branch('in', {
          ...account('in', () => refuses),
          after: ['out'],
        }),
    )
    await service.start()
    assert.equal((await transfer.run(ORDER, { id: 't1' })).status, 'committed')
    refuses = true
    assert.equal((await transfer.run(ORDER, { id: 't2' })).status, 'rolledBack')
    const found = await effects(service)
    assert.deepEqual(found.slice(0, 2), ['t1 out try 500', 't1 in try 500'])
    assert.deepEqual(found.slice(2, 4).sort(), ['t1 in confirm 500', 't1 out confirm 500'])
    assert.deepEqual(found.slice(4), ['t2 out try 500', 't2 out cancel 500'])
  }),
)

test(
  'a two-phase message: called once the local transaction is committed, else never',
  inWorld(async (world) => {
    const service = world.service('shop')
    const paid = service.message('paid', orderSchema, (message) =>
      message.to('points', { do: (tx, { cents }, { id }) => note(tx, id, `points ${cents}`) }),
    )
    await service.start()
    const { sent, outcome } = await paid.send(ORDER, { id: 'm1', wait: '5s' }, (tx) => {
      note(tx, 'm1', 'paid')
      return 'receipt 1'
    })
    assert.deepEqual([sent.result, outcome.status], ['receipt 1', 'committed'])
    const failing = paid.send(ORDER, { id: 'm2' }, () => {
      throw new Error('no money')
    })
    await assert.rejects(failing, /no money/)
    assert.equal((await paid.outcome('m2', { wait: '5s' })).status, 'rolledBack')
    const again = await paid.send(ORDER, { id: 'm1' }, (tx) => note(tx, 'm1', 'twice'))
    assert.equal(again.sent.repeated, true)
    assert.deepEqual(await effects(service), ['m1 paid', 'm1 points 500'])
  }),
)

test(
  'bad input and an unknown outcome are refused with what is wrong',
  inWorld(async (world) => {
    const service = world.service('shop')
    const saga = service.saga('s', orderSchema, (begin) => begin.retry('r', { do: () => 1 }))
    await assert.rejects(saga.run(ORDER, { id: 'o1' }), (e) => isHufuError(e, 'CLOSED'))
    await service.start()
    const bad = saga.run({ sku: 'tea', cents: -1 }, { id: 'o1' })
    await assert.rejects(bad, /Beginning s o1: cents: not above 0/)
    await assert.rejects(saga.run(ORDER, { id: 'x'.repeat(129) }), (e) => isHufuError(e, 'LIMIT'))
    await assert.rejects(saga.outcome('none'), (e) => isHufuError(e, 'GLOBAL_UNKNOWN'))
    const twice = () => service.saga('s', orderSchema, (begin) => begin.retry('r', { do: () => 1 }))
    assert.throws(twice, (e) => isHufuError(e, 'DEFINITION_DUPLICATE'))
  }),
)

test(
  'it goes on after a restart of the service',
  inWorld(async (world) => {
    const service = world.service('shop')
    let up = false
    const saga = service.saga('s', orderSchema, (begin) =>
      begin.retry('r', {
        do: (tx, _, { id }) => {
          if (!up) throw new Error('not yet')
          note(tx, id, 'done')
        },
        retry: { first: 10, cap: 20, max: 1_000 },
      }),
    )
    await service.start()
    assert.equal((await saga.run(ORDER, { id: 'o1', wait: 50 })).status, 'running')
    await service.stop()
    up = true
    await service.start()
    assert.equal((await saga.outcome('o1', { wait: '5s' })).status, 'committed')
    assert.deepEqual(await effects(service), ['o1 done'])
  }),
)

test(
  'a person may decide a prepared message, but not against its local transaction',
  inWorld(async (world) => {
    const BY = { reason: 'test', by: 'me' }
    const inner = sqlite(join(world.dir, 'hung.db'), { setUp })
    let hung = false
    // Its local transaction is committed, and its process never hears of it.
    const transaction: typeof inner.transaction = async (fn, options) => {
      const result = await inner.transaction(fn, options)
      return hung ? new Promise(() => (hung = false)) : result
    }
    const service = world.service('shop', { store: { ...inner, transaction } })
    const paid = service.message('paid', orderSchema, (message) =>
      message.to('points', { do: (tx, _order, { id }) => note(tx, id, 'points') }),
    )
    await service.start()
    void paid.send(ORDER, { id: 'm1' }, (tx) => {
      hung = true
      note(tx, 'm1', 'paid')
    })
    await until('it is committed', async () => (await effects(service)).length === 1)
    const against = service.transactions.resolve('m1', 'rollback', BY)
    await assert.rejects(against, /its local transaction is committed/)
    await service.transactions.resolve('m1', 'commit', BY)
    assert.equal((await paid.outcome('m1', { wait: '5s' })).status, 'committed')
    assert.deepEqual(await effects(service), ['m1 paid', 'm1 points'])
  }),
)

test(
  'two services that use the same id and step name do not meet at a participant of both',
  inWorld(async (world) => {
    const bank = sqlite(join(world.dir, 'bank.db'), { setUp })
    await bank.open(nodeOs)
    const charged: string[] = []
    for (const name of ['shop', 'returns']) {
      const service = world.service(name)
      const saga = service.saga('pay', orderSchema, (begin) =>
        begin.pivot('charge', {
          do: doIn(bank, (_tx, _order: Order, { id }) => void charged.push(`${name} ${id}`)),
        }),
      )
      await service.start()
      assert.equal((await saga.run(ORDER, { id: 'o1' })).status, 'committed')
    }
    assert.deepEqual(charged, ['shop o1', 'returns o1'])
    await bank.close()
  }),
)
