import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { fail } from './outcome.ts'
import type { Transport } from './ports/transport.ts'
import type { Receipt } from './service/receipt.ts'
import type { Order, Service, World } from './world.fixture.ts'
import { effect, effects, inWorld, orderSchema, until } from './world.fixture.ts'

const ORDER: Order = { sku: 's1', cents: 100 }

function placed(service: Service) {
  return service.event('order.placed', orderSchema, { groups: ['points', 'sms'] })
}

const closed = (event: ReturnType<typeof placed>) =>
  until('no receipt is missing', async () => (await event.unreceipted()).length === 0)

async function shop(world: World) {
  const orders = world.service('orders')
  const points = world.service('points')
  const OrderPlaced = placed(orders)
  const Consumed = placed(points)
  Consumed.consume('points', (tx, order, { id }) => {
    effect(tx, id, order.sku)
    return { points: order.cents }
  })
  Consumed.consume('sms', (tx, _order, { id }) => effect(tx, `sms ${id}`))
  return { orders, points, OrderPlaced, Consumed }
}

describe('outbox, consumers and receipts', () => {
  it(
    'a published message takes effect in every group, and its row closes',
    inWorld(async (world) => {
      const { orders, points, OrderPlaced } = await shop(world)
      await orders.start()
      await points.start()
      await orders.store.transaction(async (tx) => {
        effect(tx, 'o1')
        const { repeated } = await OrderPlaced.publish(tx, ORDER, { id: 'o1', key: 'u1' })
        assert.equal(repeated, false)
      })
      await closed(OrderPlaced)
      assert.deepEqual((await effects(points)).sort(), ['o1', 'sms o1'])
      const entry = await points.journal.find({ event: 'order.placed', group: 'points', id: 'o1' })
      assert.deepEqual(JSON.parse(entry!.result), { result: { points: 100 } })
    }),
  )

  it(
    'both or neither: a rolled back transaction publishes nothing',
    inWorld(async (world) => {
      const { orders, points, OrderPlaced } = await shop(world)
      await orders.start()
      await points.start()
      const failing = orders.store.transaction(async (tx) => {
        await OrderPlaced.publish(tx, ORDER, { id: 'gone', key: 'u1' })
        throw new Error('no money')
      })
      await assert.rejects(failing, /no money/)
      await orders.store.transaction((tx) => OrderPlaced.publish(tx, ORDER, { id: 'o1' }))
      await closed(OrderPlaced)
      assert.deepEqual((await effects(points)).sort(), ['o1', 'sms o1'])
    }),
  )

  it(
    'the same publish again is a repeat, another body or key under the id is refused',
    inWorld(async (world) => {
      const { orders, OrderPlaced } = await shop(world)
      await orders.start()
      const publish = (order: Order, key: string) =>
        orders.store.transaction((tx) => OrderPlaced.publish(tx, order, { id: 'o1', key }))
      assert.deepEqual(await publish(ORDER, 'u1'), { repeated: false })
      assert.deepEqual(await publish({ cents: 100, sku: 's1' }, 'u1'), { repeated: true })
      await assert.rejects(publish({ ...ORDER, cents: 1 }, 'u1'), { code: 'ID_REUSED' })
      await assert.rejects(publish(ORDER, 'u2'), { code: 'ID_REUSED' })
    }),
  )

  it(
    'a payload that the schema refuses is not published; limits and arguments are checked',
    inWorld(async (world) => {
      const { orders, OrderPlaced } = await shop(world)
      await orders.start()
      const publish = (order: Order, options: Parameters<typeof OrderPlaced.publish>[2]) =>
        orders.store.transaction((tx) => OrderPlaced.publish(tx, order, options))
      await assert.rejects(publish({ sku: 's', cents: 0 }, { id: 'o' }), {
        code: 'PAYLOAD_INVALID',
        message: 'Publishing order.placed o: cents: not above 0',
      })
      await assert.rejects(publish(ORDER, { id: '' }), { code: 'ARGUMENT' })
      await assert.rejects(publish(ORDER, { id: 'x'.repeat(256) }), { code: 'LIMIT' })
      const big = { ...ORDER, sku: 'x'.repeat(1_048_576) }
      await assert.rejects(publish(big, { id: 'o' }), { code: 'LIMIT' })
      const headers = { 'hufu-reply-to': 'me' }
      await assert.rejects(publish(ORDER, { id: 'o', headers }), { code: 'ARGUMENT' })
    }),
  )

  it(
    'a transaction that the user began himself is found by wake and by polling',
    inWorld(async (world) => {
      const { orders, points, OrderPlaced } = await shop(world)
      await orders.start()
      await points.start()
      const db = new DatabaseSync(join(world.dir, 'orders.db'))
      await assert.rejects(OrderPlaced.publish(db, ORDER, { id: 'o1' }), {
        code: 'TRANSACTION_MISSING',
      })
      for (const id of ['o1', 'o2']) {
        db.exec('BEGIN IMMEDIATE')
        await OrderPlaced.publish(db, ORDER, { id })
        db.exec('COMMIT')
        if (id === 'o1') orders.wake()
        await closed(OrderPlaced)
      }
      db.close()
      assert.equal((await effects(points)).length, 4)
    }),
  )

  it(
    'a receipt handler runs once per group, typed, with the result, in the closing transaction',
    inWorld(async (world) => {
      const orders = world.service('orders')
      const points = world.service('points')
      const options = { groups: ['points'], receipts: { points: orderSchema } } as const
      const OrderPlaced = orders.event('order.placed', orderSchema, options)
      const Consumed = points.event('order.placed', orderSchema, options)
      const seen: Receipt<Order>[] = []
      let failures = 1
      OrderPlaced.onReceipt('points', (tx, receipt, order) => {
        seen.push(receipt)
        effect(tx, `${order.sku} ${receipt.outcome}`)
        if (failures-- > 0) throw new Error('try again')
      })
      Consumed.consume('points', (_tx, order) => ({ sku: order.sku, cents: 7 }))
      await orders.start()
      await points.start()
      await orders.store.transaction((tx) => OrderPlaced.publish(tx, ORDER, { id: 'o1' }))
      await until('closed', async () => (await OrderPlaced.unreceipted()).length === 0)
      assert.deepEqual(await effects(orders), ['s1 done'])
      const result = { sku: 's1', cents: 7 }
      const receipt = { outcome: 'done', group: 'points', result, skipped: false }
      assert.deepEqual(seen, [receipt, receipt])
    }),
  )

  it(
    "a business failure undoes the consumer's effects and runs the producer's handler",
    inWorld(async (world) => {
      const { orders, points, OrderPlaced, Consumed } = await shop(world)
      const Cancelled = points.event('order.cancelled', orderSchema, { groups: ['stock'] })
      Cancelled.consume('stock', (tx) => {
        effect(tx, 'must not stay')
        throw fail('NO_STOCK', 'none left', { left: 0 })
      })
      const Produced = orders.event('order.cancelled', orderSchema, { groups: ['stock'] })
      Produced.onReceipt('stock', (tx, receipt) => effect(tx, JSON.stringify(receipt)))
      await orders.start()
      await points.start()
      await orders.store.transaction((tx) => Produced.publish(tx, ORDER, { id: 'o1' }))
      await until('closed', async () => (await Produced.unreceipted()).length === 0)
      const [receipt] = await effects(orders)
      assert.deepEqual(JSON.parse(receipt!), {
        outcome: 'failed',
        group: 'stock',
        code: 'NO_STOCK',
        message: 'none left',
        data: { left: 0 },
      })
      assert.deepEqual(await effects(points), [])
      assert.ok(OrderPlaced.name === Consumed.name)
    }),
  )

  it(
    'what is not answered is listed, with the groups that are missing',
    inWorld(async (world) => {
      const { orders, OrderPlaced } = await shop(world)
      const sms = world.service('sms')
      placed(sms).consume('sms', () => 'sent')
      await orders.start()
      await sms.start()
      await orders.store.transaction((tx) => OrderPlaced.publish(tx, ORDER, { id: 'o1', key: 'k' }))
      const open = await until('sms has answered', async () =>
        (await OrderPlaced.unreceipted()).find((row) => row.missing.length === 1),
      )
      const { publishedAt, ...rest } = open
      const row = { event: 'order.placed', id: 'o1', key: 'k', sent: true, missing: ['points'] }
      assert.deepEqual(rest, row)
      assert.ok(publishedAt > 0)
      assert.deepEqual(await OrderPlaced.unreceipted({ olderThan: '1h' }), [])
    }),
  )

  it(
    'a lost receipt only causes a repeat: the stored result answers it, the effect stays one',
    inWorld(async (world) => {
      const orders = world.service('orders')
      const points = world.service('points')
      const options = { groups: ['points'], receiptTimeout: '50ms' } as const
      const OrderPlaced = orders.event('order.placed', orderSchema, options)
      await orders.start()
      // Without its reply address the first sending gets no receipt, as if that were lost.
      const body = Buffer.from('{"cents":100,"sku":"s1"}')
      const Consumed = points.event('order.placed', orderSchema, options)
      Consumed.consume('points', (tx, _order, { id }) => effect(tx, id))
      await points.start()
      const lost = { event: 'order.placed', groups: ['points'], id: 'o1', headers: {}, body }
      await world.transport.publish([lost])
      await until('the effect', async () => (await effects(points)).length === 1)
      await orders.store.transaction((tx) => OrderPlaced.publish(tx, ORDER, { id: 'o1' }))
      await until('closed', async () => (await OrderPlaced.unreceipted()).length === 0)
      assert.deepEqual(await effects(points), ['o1'])
      assert.ok(points.stats && (await points.stats()).consumers[0]!.repeated >= 1)
    }),
  )

  it(
    'without receipts a row closes when it is sent',
    inWorld(async (world) => {
      const orders = world.service('orders')
      const Noted = orders.event('noted', orderSchema, { groups: ['a'], receipts: false })
      await orders.start()
      await orders.store.transaction((tx) => Noted.publish(tx, ORDER, { id: '1' }))
      await until('closed', async () => (await Noted.unreceipted()).length === 0)
      assert.equal(world.transport.broker!.queues().find((q) => q.name === 'noted/a')?.ready, 1)
    }),
  )

  it(
    'a start that fails closes what it opened, says why, and may be tried again',
    inWorld(async (world) => {
      const blocker = world.service('blocker')
      await blocker.start()
      const service = world.service('one', { file: 'missing/one' })
      await assert.rejects(service.start(), { code: 'STORE_UNUSABLE' })
      await mkdir(join(world.dir, 'missing'))
      await service.start()
      await assert.rejects(service.start(), { code: 'ARGUMENT' })
      await service.stop()
      assert.ok(world.transport.broker, 'the transport is still open for the other service')
    }),
  )

  it(
    'a transport that cannot do what is asked is refused at start',
    inWorld(async (world) => {
      const { transport } = world
      const flags = { ...transport.flags, keyOrder: false }
      const poor: Transport = {
        name: 'poor',
        flags,
        open: () => transport.open(),
        close: () => transport.close(),
        declare: (event, groups) => transport.declare(event, groups),
        publish: (batch) => transport.publish(batch),
        subscribe: (request) => transport.subscribe(request),
      }
      const service = world.service('one', { transport: poor })
      placed(service).consume('points', () => 1, { order: 'by-key' })
      await assert.rejects(service.start(), {
        code: 'TRANSPORT_LACKS',
        message: 'Consuming order.placed/points over poor: it keeps no order by key',
      })
    }),
  )

  it(
    'a delayed message is not delivered before its time',
    inWorld(async (world) => {
      const { orders, points, OrderPlaced } = await shop(world)
      await orders.start()
      await points.start()
      const from = performance.now()
      const delay = '300ms'
      await orders.store.transaction((tx) => OrderPlaced.publish(tx, ORDER, { id: 'o1', delay }))
      await closed(OrderPlaced)
      assert.ok(performance.now() - from >= 300)
    }),
  )
})
