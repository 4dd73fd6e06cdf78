import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Broker } from '../api.ts'
import { bodyOf, numbers, refusal, World } from './world.fixture.ts'

async function worldWith(limits = {}, seed = 1): Promise<World> {
  const world = new World(seed, { diskLatencyMs: [0.5, 3] })
  await world.open(limits)
  await world.do(world.broker.declareQueue('dead'))
  await world.do(world.broker.declareQueue('a', { deadLetter: 'dead', maxAttempts: 1 }))
  return world
}

/** What became of promises: each must settle, however the broker ends. */
async function outcomes(world: World, promises: Promise<unknown>[]): Promise<boolean[]> {
  const settled = await world.do(Promise.allSettled(promises))
  for (const result of settled) {
    if (result.status === 'fulfilled') continue
    assert.ok(refusal('CLOSED', /: the broker is closed$/)(result.reason), String(result.reason))
  }
  return settled.map(({ status }) => status === 'fulfilled')
}

async function reopened(world: World): Promise<Broker> {
  assert.deepEqual(world.fatal, [])
  await world.open()
  assert.equal(world.broker.report.cleanStop, true)
  return world.broker
}

test('publishes under way at a close are confirmed and there, or refused and not', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const world = await worldWith({}, seed)
    const bodies = numbers(60)
    const publishing = bodies.map((body, i) => {
      const size = i % 4 === 0 ? 9_000 : 10
      const properties = Buffer.alloc(size)
      return world.broker.publish({ queues: ['a'], body: Buffer.from(body), properties })
    })
    if (seed % 2) await world.pass(world.sim.random.next() * 5)
    const closing = world.broker.close()
    const confirmed = await outcomes(world, publishing)
    await world.do(closing)
    const broker = await reopened(world)
    const left = await world.do(broker.peek('a', { limit: 1_000 }))
    assert.deepEqual(
      left.map(bodyOf),
      bodies.filter((_, i) => confirmed[i]),
      `seed ${seed}`,
    )
  }
})

test('settles under way at a close are on disk when they resolve', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const world = await worldWith({}, seed)
    await world.publishAll('a', numbers(20))
    const taker = world.take('a')
    await world.pass(200)
    const settling = taker.seen.map(({ id }, i) => {
      const outcome = (['done', 'reject', 'retry'] as const)[i % 3]!
      return taker.subscription.settle([{ id, outcome }])
    })
    if (seed % 2) await world.pass(world.sim.random.next() * 3)
    const closing = world.broker.close()
    const confirmed = await outcomes(world, settling)
    await world.do(closing)
    assert.deepEqual(
      confirmed,
      confirmed.map(() => true),
    )
    await reopened(world)
    assert.deepEqual([world.stats('a').bytes, world.stats('dead').ready], [0, 13])
  }
})

test('dead letters that have to be read from disk first are finished before a close', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const world = await worldWith({ cacheBytes: 64 * 1024 }, seed)
    const properties = Buffer.alloc(3_000)
    const taker = world.take('a')
    for (const body of numbers(60)) await world.publish('a', body, { properties })
    await world.pass(1_000)
    const settling = taker.seen.map(({ id }) => {
      return taker.subscription.settle([{ id, outcome: 'reject' }])
    })
    const closing = world.broker.close()
    await outcomes(world, settling)
    await world.do(closing)
    await reopened(world)
    assert.equal(world.stats('a').ready, 0)
    assert.equal(world.stats('a').parked + world.stats('dead').ready, 60, `seed ${seed}`)
  }
})

test('a close while messages are being read for delivery damages and parks nothing', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const world = await worldWith({ cacheBytes: 64 * 1024 }, seed)
    const properties = Buffer.alloc(3_000)
    for (const body of numbers(60)) await world.publish('a', body, { properties })
    world.take('a').settleAll()
    await world.pass(world.sim.random.next() * 10)
    await world.close()
    await world.pass(100)
    assert.deepEqual(world.warnings, [], `seed ${seed}`)
    await reopened(world)
    assert.equal(world.stats('a').parked, 0)
  }
})

test('a read that fails during a close writes nothing behind the mark of the stop', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const world = await worldWith({ cacheBytes: 64 * 1024 }, seed)
    const properties = Buffer.alloc(3_000)
    for (const body of numbers(60)) await world.publish('a', body, { properties })
    const { counts } = world.sim.disk
    const reads = counts.read
    world.sim.disk.failAt({ kind: 'read' }, 'EIO')
    world.take('a').settleAll()
    while (counts.read === reads) await world.pass(0.1)
    await world.close()
    await world.pass(100)
    await reopened(world)
    assert.equal(world.broker.report.messages, 60, `seed ${seed}`)
  }
})

test('all other calls under way at a close settle as well', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const world = await worldWith({ cacheBytes: 64 * 1024 }, seed)
    const properties = Buffer.alloc(3_000)
    for (const body of numbers(60)) await world.publish('a', body, { properties })
    const { broker } = world
    const calls = [
      broker.declareQueue('b'),
      broker.resolve('a', 5, 'remove'),
      broker.peek('a', { limit: 1 }),
      broker.deleteQueue('a'),
      broker.backup('/copy'),
    ]
    await world.pass(world.sim.random.next() * 2)
    const closing = broker.close()
    await outcomes(world, calls)
    await world.do(closing)
    await reopened(world)
  }
})

test('after a close every call is refused with CLOSED, a second close is the first', async () => {
  const world = await worldWith()
  const taker = world.take('a')
  const { broker } = world
  await Promise.all([world.do(broker.close()), broker.close()])
  const calls: [string, () => Promise<unknown>][] = [
    ['Cannot publish to a', () => broker.publish({ queues: ['a'], body: Buffer.from('x') })],
    ['Cannot declare queue b', () => broker.declareQueue('b')],
    ['Cannot delete queue a', () => broker.deleteQueue('a')],
    ['Cannot look into queue a', () => broker.peek('a')],
    ['Cannot resolve message 1 of queue a', () => broker.resolve('a', 1, 'remove')],
    ['Cannot back up to /copy', () => broker.backup('/copy')],
    ['Cannot settle in a', () => taker.subscription.settle([{ id: 1, outcome: 'done' }])],
  ]
  for (const [doing, call] of calls) {
    const closed = refusal('CLOSED', new RegExp(`^${doing}: the broker is closed$`))
    await assert.rejects(world.do(call()), closed)
  }
  await taker.close()
  await reopened(world)
})

test('a close gives back what consumers had, and lets go of the folder', async () => {
  const world = await worldWith()
  await world.publishAll('a', numbers(5))
  const taker = world.take('a', { credit: 3 })
  await world.pass(100)
  await world.close()
  await world.publish('a', 'x').catch(() => undefined)
  await world.pass(1_000)
  assert.equal(taker.seen.length, 3)
  await reopened(world)
  assert.deepEqual([world.stats('a').ready, world.stats('a').consumers], [5, 0])
  const again = world.take('a')
  await world.pass(100)
  assert.deepEqual(
    again.seen.map((delivery) => [bodyOf(delivery), delivery.attempts, delivery.redelivered]),
    numbers(5).map((n) => [n, 0, Number(n) <= 3]),
  )
})
