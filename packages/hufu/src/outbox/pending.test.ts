import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { SqliteTx } from '../stores/sqlite/index.ts'
import { effects, inWorld, orderSchema } from '../world.fixture.ts'

it(
  'a publish that nobody awaits rolls its transaction back: both or neither',
  inWorld(async (world) => {
    const service = world.service('orders')
    const Placed = service.event('order', orderSchema, { groups: ['points'] })
    await service.start()
    const forgotten = service.store.transaction((tx) => {
      tx.run("INSERT INTO effects (id, value) VALUES ('1', '')")
      void Placed.publish(tx, { sku: 's', cents: 1 }, { id: '1' })
    })
    await assert.rejects(forgotten, { code: 'TRANSACTION_PENDING' })
    assert.deepEqual(await effects(service), [])
    assert.deepEqual(await Placed.unreceipted(), [])
  }),
)

it(
  'one forgotten in a function that is asynchronous, or that fails, rolls it back as well',
  inWorld(async (world) => {
    const service = world.service('orders')
    const Placed = service.event('order', orderSchema, { groups: ['points'] })
    await service.start()
    const forget = async (tx: SqliteTx, payload: { sku: string; cents: number }) => {
      tx.run("INSERT INTO effects (id, value) VALUES ('1', '')")
      void Placed.publish(tx, payload, { id: '1' })
    }
    const good = service.store.transaction((tx) => forget(tx, { sku: 's', cents: 1 }))
    await assert.rejects(good, { code: 'TRANSACTION_PENDING' })
    const bad = service.store.transaction(async (tx) => {
      await forget(tx, { sku: 's', cents: 'none' as never })
    })
    await assert.rejects(bad, { code: 'TRANSACTION_PENDING' })
    assert.deepEqual(await effects(service), [])
    assert.deepEqual(await Placed.unreceipted(), [])
  }),
)

it(
  'a function may return the promise of its publish, or one that waits for several',
  inWorld(async (world) => {
    const service = world.service('orders')
    const Placed = service.event('order', orderSchema, { groups: ['points'] })
    await service.start()
    const publish = (tx: SqliteTx, id: string) => Placed.publish(tx, { sku: 's', cents: 1 }, { id })
    await service.store.transaction((tx) => publish(tx, '1'))
    await service.store.transaction(async (tx) => publish(tx, '2'))
    await service.store.transaction((tx) => Promise.all([publish(tx, '3'), publish(tx, '4')]))
    await service.store.transaction((tx) => publish(tx, '5').then(() => 'done'))
    assert.deepEqual((await Placed.unreceipted()).map(({ id }) => id).sort(), [...'12345'])
  }),
)

it(
  'a handler that fails is told of at once, with its cause and what follows',
  inWorld(async (world) => {
    const service = world.service('orders')
    const Placed = service.event('order', orderSchema, { groups: ['points'] })
    const done = Promise.withResolvers<void>()
    Placed.consume(
      'points',
      (tx, _order, { attempt }) => {
        if (attempt === 1) tx.run('INSERT INTO no_such_table VALUES (1)')
        done.resolve()
      },
      { retry: { backoff: [5, 5] } },
    )
    await service.start()
    await service.store.transaction((tx) => Placed.publish(tx, { sku: 's', cents: 1 }, { id: '1' }))
    await done.promise
    const told = world.warnings.join()
    assert.match(told, /Handling order\/points\/1: no such table: no_such_table; attempt 1 of 16/)
  }),
)

it(
  'on a full disk consumers settle although their receipts are refused, and all goes on',
  inWorld(
    async (world) => {
      const service = world.service('orders')
      const Placed = service.event('order', orderSchema, { groups: ['points'] })
      const consumer = Placed.consume('points', (tx, _order, { id }) => {
        tx.run('INSERT INTO effects (id, value) VALUES (?, ?)', id, '')
      })
      consumer.pause()
      await service.start()
      const sku = 'x'.repeat(5_000)
      await service.store.transaction(async (tx) => {
        for (let i = 0; i < 400; i++) await Placed.publish(tx, { sku, cents: 1 }, { id: `${i}` })
      })
      while (!world.transport.broker?.stats().noSpace) await pause(20)
      consumer.resume()
      while ((await effects(service)).length < 400) await pause(20)
      assert.equal((await service.stats()).outbox.waiting, 0)
    },
    { limits: { segmentBytesMin: 65_536, segmentBytesMax: 131_072, logBytesMax: 600_000 } },
  ),
)

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
