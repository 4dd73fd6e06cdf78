import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { embedded } from 'hufu/transports/embedded'
import type { Line } from '../input/line-splitter.ts'
import { LineSplitter } from '../input/line-splitter.ts'
import { brokerPath } from './databases.ts'
import { type OrderService, orderService } from './order.ts'
import { TransactionalIntake } from './transactional-intake.ts'

/** An order service, started, with its intake; and how to look into it. */
async function opened(t: TestContext) {
  const dir = await mkdtemp(join(tmpdir(), 'hufu-intake-'))
  const transport = embedded(brokerPath(dir))
  const service = orderService({ dir, transport })
  await service.hufu.start()
  t.after(async () => {
    await service.hufu.stop()
    await rm(dir, { recursive: true })
  })
  const undecided = () => transport.broker!.prepared().length
  const restarted = () => new TransactionalIntake(service, undecided)
  const stored = () =>
    service.hufu.store.transaction((tx) => ({
      orders: tx.all('SELECT id FROM orders ORDER BY seq').map(({ id }) => id),
      intake: { ...tx.get('SELECT line, placed, repeated, rejected FROM intake') },
      ahead: tx.all('SELECT line FROM ahead').length,
    }))
  return { service, transport, restarted, stored, undecided }
}

/** A half message under the name that the order's own one has. */
function prepare({ transport }: Awaited<ReturnType<typeof opened>>, id: string) {
  const request = {
    transactionId: `order order.placed ${id}`,
    group: 'order',
    messages: [{ queues: ['order.placed/sms'], body: Buffer.from('{}') }],
    check: { firstMs: 100 },
  }
  return transport.broker!.prepare(request)
}

function linesOf(...orders: { id: string; userId?: string }[]): Line[] {
  const text = orders.map(({ id, userId = 'u1' }) =>
    id === '' ? '\n' : `${JSON.stringify({ id, userId, sku: 's', cents: 100 })}\n`,
  )
  return [...new LineSplitter().push(Buffer.from(text.join('')))]
}

test('lines are counted as they are, repeats and empty ones among them', async (t) => {
  const shop = await opened(t)
  const intake = shop.restarted()
  await intake.resume()
  const lines = linesOf({ id: 'a' }, { id: '' }, { id: 'b' }, { id: 'a' }, { id: 'b', userId: 'x' })
  await Promise.all(lines.map((line) => intake.take(line)))
  assert.deepEqual(await shop.stored(), {
    orders: ['a', 'b'],
    intake: { line: 5, placed: 2, repeated: 1, rejected: 1 },
    ahead: 0,
  })
})

test('an order waits while its earlier attempt is undecided, others do not', async (t) => {
  const shop = await opened(t)
  const intake = shop.restarted()
  await intake.resume()
  await prepare(shop, 'a')
  const [first, second] = linesOf({ id: 'a' }, { id: 'b', userId: 'u2' })
  const waiting = intake.take(first!)
  await intake.take(second!)
  const between = await shop.stored()
  await waiting
  assert.deepEqual([between.orders, between.ahead, between.intake.line], [['b'], 1, 0])
  const { orders, intake: found, ahead } = await shop.stored()
  assert.deepEqual(orders, ['b', 'a'])
  assert.deepEqual([found.line, found.placed, ahead], [2, 2, 0])
})

test('a restart goes on behind the first gap, without what was taken in beyond it', async (t) => {
  const shop = await opened(t)
  const { service } = shop
  const lines = linesOf({ id: 'a' }, { id: 'b', userId: 'u2' }, { id: 'c', userId: 'u3' })
  const failing: OrderService = {
    ...service,
    async placeTransactional(order, line, note) {
      if (order.id === 'a') throw new Error('killed')
      return service.placeTransactional(order, line, note)
    },
  }
  const before = new TransactionalIntake(failing, shop.undecided)
  await before.resume()
  const outcomes = await Promise.allSettled(lines.map((line) => before.take(line)))
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['rejected', 'fulfilled', 'fulfilled'],
  )
  const gap = await shop.stored()
  assert.deepEqual([gap.intake, gap.ahead], [{ line: 0, placed: 2, repeated: 0, rejected: 0 }, 2])
  const restarted = shop.restarted()
  assert.equal((await restarted.resume()).number, 0)
  await Promise.all(lines.map((line) => restarted.take(line)))
  assert.deepEqual(await shop.stored(), {
    orders: ['b', 'c', 'a'],
    intake: { line: 3, placed: 3, repeated: 0, rejected: 0 },
    ahead: 0,
  })
})

test('nothing is taken in before the broker has asked for all that a crash left', async (t) => {
  const shop = await opened(t)
  await prepare(shop, 'a')
  assert.equal(shop.undecided(), 1)
  await shop.restarted().resume()
  assert.equal(shop.undecided(), 0)
})
