import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DiskCall } from '@hufu/os/simulated'
import type { Delivery, Subscription } from '../api.ts'
import { numbers, refusal, type Taker, World } from './world.fixture.ts'

async function worldWith(count: number): Promise<World> {
  const world = new World()
  await world.open()
  await world.do(world.broker.declareQueue('a'))
  if (count > 0) await world.publishAll('a', numbers(count))
  return world
}

const counts = (takers: readonly Taker[]) => takers.map(({ seen }) => seen.length)

test('messages of a queue are delivered in the order of their ids', async () => {
  const world = await worldWith(3_000)
  const taker = world.take('a').settleAll()
  await world.pass(1_000)
  assert.deepEqual(taker.bodies, numbers(3_000))
  assert.equal(world.stats('a').ready, 0)
  assert.equal(world.stats('a').unsettled, 0)
  assert.equal(world.stats('a').bytes, 0)
})

test('a delivery says when the broker took it and that it is new', async () => {
  const world = await worldWith(0)
  const before = world.broker.stats().time
  const id = await world.publish('a', 'x')
  const taker = world.take('a')
  await world.pass(100)
  const { id: got, queue, properties, attempts, redelivered, time, deadLetter } = taker.last
  const rest = { got, queue, properties, attempts, redelivered, deadLetter }
  const properties0 = new Uint8Array(0)
  const fresh = { attempts: 0, redelivered: false, deadLetter: undefined }
  assert.deepEqual(rest, { got: id, queue: 'a', properties: properties0, ...fresh })
  assert.ok(time >= Math.floor(before) && time <= world.broker.stats().time)
})

test('without a credit 100 deliveries are unsettled at most', async () => {
  const world = await worldWith(250)
  const taker = world.take('a')
  await world.pass(500)
  assert.equal(taker.seen.length, 100)
  await taker.done(...taker.seen.slice(0, 40))
  await world.pass(500)
  assert.equal(taker.seen.length, 140)
})

test('a settle makes room for as many deliveries as it names, whatever the outcome', async () => {
  const world = await worldWith(50)
  const taker = world.take('a', { credit: 5 })
  await world.pass(100)
  const [a, b, c, d] = taker.seen.map(({ id }) => id) as [number, number, number, number]
  await taker.settle({ id: a, outcome: 'done' }, { id: b, outcome: 'retry' })
  await taker.settle({ id: c, outcome: 'later', delayMs: 1e6 }, { id: d, outcome: 'reject' })
  await world.pass(100)
  assert.deepEqual(taker.bodies, numbers(9))
})

test('setCredit takes effect with the next delivery, up and down', async () => {
  const world = await worldWith(50)
  const taker = world.take('a', { credit: 2 })
  await world.pass(100)
  assert.equal(taker.seen.length, 2)
  taker.subscription.setCredit(10)
  await world.pass(100)
  assert.equal(taker.seen.length, 10)
  taker.subscription.setCredit(3)
  await taker.done(...taker.seen.slice(0, 7))
  await world.pass(100)
  assert.equal(taker.seen.length, 10, 'three are unsettled, which is the credit')
  await taker.done(...taker.seen.slice(7))
  await world.pass(100)
  assert.equal(taker.seen.length, 13)
})

test('a credit that is no whole number from 0 to 65,535 is refused', async () => {
  const world = await worldWith(3)
  const text = /^Cannot subscribe to a: credit is .*, 0 to 65535 are possible$/
  for (const credit of [-1, 65_536, 1.5, Number.NaN]) {
    assert.throws(() => world.take('a', { credit }), refusal('LIMIT', text))
  }
  assert.equal(world.stats('a').consumers, 0)
  const taker = world.take('a', { credit: 65_535 })
  assert.throws(() => taker.subscription.setCredit(-1), refusal('LIMIT', text))
  await world.pass(100)
  assert.equal(taker.seen.length, 3)
})

test('consumers with credit get messages in turn, each message goes to one', async () => {
  const world = await worldWith(90)
  const takers = [1, 2, 3].map(() => world.take('a', { credit: 50 }))
  await world.pass(100)
  assert.deepEqual(counts(takers), [30, 30, 30])
  const ids = takers.flatMap(({ seen }) => seen.map(({ id }) => id))
  assert.equal(new Set(ids).size, 90)
  for (const { seen } of takers) {
    const order = seen.map(({ id }) => id)
    assert.deepEqual(
      order,
      [...order].sort((x, y) => x - y),
    )
  }
})

test('a consumer without credit is passed over, the others share what is left', async () => {
  const world = await worldWith(0)
  const takers = [1, 60, 60].map((credit) => world.take('a', { credit }))
  await world.publishAll('a', numbers(101))
  await world.pass(100)
  assert.deepEqual(counts(takers), [1, 50, 50])
})

test('a consumer gets one batch per turn at most', async () => {
  const world = await worldWith(0)
  let turn = 0
  const turns: number[] = []
  world.broker.subscribe('a', { credit: 1_000 }, () => turns.push(turn))
  await world.pass(100)
  const publishing = world.publishAll('a', numbers(500))
  await publishing
  turn++
  await world.pass(100)
  assert.equal(new Set(turns).size, turns.length)
  assert.ok(turns.length >= 1)
})

test('a consumer that throws hurts nobody, its messages stay unsettled', async () => {
  const world = await worldWith(20)
  let thrown = 0
  const bad = world.broker.subscribe('a', { credit: 5 }, () => {
    thrown++
    throw new Error('bad day')
  })
  const good = world.take('a', { credit: 5 }).settleAll()
  await world.pass(500)
  assert.ok(thrown > 0)
  assert.equal(good.seen.length, 15)
  assert.deepEqual(new Set(world.warnings), new Set(['A consumer of a threw: Error: bad day']))
  assert.equal(world.stats('a').unsettled, 5)
  await world.do(bad.close())
  await world.pass(500)
  assert.equal(good.seen.length, 20)
})

test('a closed consumer’s unsettled messages go to the others, first and in order', async () => {
  const world = await worldWith(20)
  const first = world.take('a', { credit: 6 })
  await world.pass(100)
  await first.done(first.seen[1]!)
  await world.pass(100)
  await first.close()
  assert.equal(world.stats('a').consumers, 0)
  const second = world.take('a', { credit: 100 })
  await world.pass(100)
  assert.deepEqual(
    second.bodies,
    numbers(20).filter((body) => body !== '2'),
  )
  const again = first.seen.filter(({ id }) => id !== first.seen[1]!.id).map(({ id }) => id)
  for (const { id, redelivered, attempts } of second.seen) {
    assert.deepEqual({ redelivered, attempts }, { redelivered: again.includes(id), attempts: 0 })
  }
})

test('closing a consumer leaves the attempts as they are', async () => {
  const world = await worldWith(1)
  const first = world.take('a')
  await world.pass(100)
  await first.settle({ id: first.last.id, outcome: 'retry', delayMs: 1 })
  await world.pass(100)
  assert.equal(first.last.attempts, 1)
  await first.close()
  const second = world.take('a')
  await world.pass(100)
  assert.equal(second.last.attempts, 1)
  assert.equal(second.last.redelivered, true)
})

test('after close nothing is delivered, and a late settle is ignored', async () => {
  const world = await worldWith(2)
  const first = world.take('a', { credit: 1 })
  await world.pass(100)
  const closing = first.subscription.close()
  await first.done(first.last)
  await world.do(closing)
  await first.close()
  await world.publish('a', 'more')
  await world.pass(100)
  assert.equal(first.seen.length, 1)
  assert.equal(world.stats('a').ready, 3)
})

test('a consumer that closes within its batch keeps no other from its own', async () => {
  const world = await worldWith(0)
  const takers = [1, 2, 3].map(() => world.take('a', { credit: 1 }))
  const times = new Set<number>()
  for (const taker of takers) {
    taker.onDelivery = () => {
      times.add(world.sim.clock.elapsed)
      void taker.subscription.close()
    }
  }
  await world.publishAll('a', numbers(3))
  await world.pass(500)
  assert.deepEqual(counts(takers), [1, 1, 1])
  assert.equal(times.size, 1, 'all in one turn')
  assert.equal(world.stats('a').ready, 3)
})

test('a consumer closed by another’s handler in the same turn gets nothing more', async () => {
  const world = await worldWith(0)
  const subscriptions: Subscription[] = []
  const got: string[] = []
  const handler = (who: string) => (batch: Delivery[]) => {
    got.push(...batch.map(() => who))
    for (const each of subscriptions) void each.close()
  }
  for (const who of ['x', 'y', 'z']) {
    subscriptions.push(world.broker.subscribe('a', { credit: 1 }, handler(who)))
  }
  await world.publishAll('a', numbers(3))
  await world.pass(500)
  assert.equal(got.length, 1)
  assert.equal(world.stats('a').ready, 3)
})

test('messages far beyond the memory kept for the log come back from disk, in order', async () => {
  const world = new World()
  await world.open({ cacheBytes: 64 * 1024 })
  await world.do(world.broker.declareQueue('a'))
  for (let i = 0; i < 40; i++) {
    await world.publishAll(
      'a',
      numbers(20, i * 20 + 1).map((n) => n.padEnd(2_000, '.')),
    )
  }
  const reads = world.sim.disk.counts.read
  const taker = world.take('a').settleAll()
  await world.pass(5_000)
  assert.deepEqual(
    taker.bodies.map((body) => Number.parseInt(body, 10)),
    numbers(800).map(Number),
  )
  assert.ok(world.sim.disk.counts.read > reads)
})

/** Three messages of one key and a `free` one, on the disk only. */
async function coldWorld(): Promise<World> {
  const world = await worldWith(0)
  await world.publishAll('a', numbers(3), 'k')
  await world.publish('a', 'free')
  await world.killAndOpen()
  return world
}

const isBody = ({ kind, path }: DiskCall) => kind === 'read' && path.endsWith('.seg')

/** The next so many reads fail. */
function failReads(world: World, count: number): void {
  let left = count
  world.sim.disk.failAt((call) => isBody(call) && left-- > 0, 'EIO', { once: false })
}

test('a read error that passes parks nothing, and lets no message of the key pass', async () => {
  for (const errors of [1, 3]) {
    const world = await coldWorld()
    failReads(world, errors)
    const { counts } = world.sim.disk
    const before = counts.read
    const taker = world.take('a', { keyOrder: true }).settleAll()
    await world.pass(5)
    assert.deepEqual([taker.bodies, counts.read - before], [[], 1], 'not again at once')
    await world.pass(3_000)
    assert.deepEqual(taker.bodies.slice(0, 1), ['1'])
    assert.deepEqual(
      taker.bodies.filter((body) => body !== 'free'),
      numbers(3),
    )
    assert.deepEqual([world.warnings, world.stats('a').parked], [[], 0])
  }
})

test('a message that cannot be read for over a second is parked, the others go on', async () => {
  const world = await coldWorld()
  // The first one and three more.
  failReads(world, 4)
  const taker = world.take('a', { keyOrder: true }).settleAll()
  await world.pass(1_000)
  assert.equal(world.stats('a').parked, 0)
  await world.pass(3_000)
  assert.deepEqual(taker.bodies.toSorted(), ['2', '3', 'free'])
  const [parked] = await world.do(world.broker.peek('a'))
  assert.match(parked!.cause!, /^its bytes cannot be read: /)
  assert.equal(world.warnings.length, 1)
})

test('while a read is tried again a close and the loss of all consumers end in order', async () => {
  const world = await coldWorld()
  const heal = world.sim.disk.failAt(isBody, 'EIO', { once: false })
  const first = world.take('a')
  await world.pass(500)
  await first.close()
  await world.pass(5_000)
  assert.equal(world.stats('a').parked, 0)
  heal()
  const second = world.take('a')
  await world.pass(100)
  assert.equal(second.seen.length, 4)
  await second.close()
  await world.killAndOpen()
  world.sim.disk.failAt(isBody, 'EIO', { once: false })
  world.take('a')
  await world.pass(500)
  await world.close()
  await world.pass(5_000)
  assert.deepEqual([world.warnings, world.fatal], [[], []])
})

test('subscribing to an unknown queue, or to one of a closed broker, is refused', async () => {
  const world = await worldWith(0)
  const unknown = /^Cannot subscribe to x: there is no queue x$/
  assert.throws(() => world.take('x'), refusal('QUEUE_UNKNOWN', unknown))
  await world.close()
  const closed = /^Cannot subscribe to a: the broker is closed$/
  assert.throws(() => world.take('a'), refusal('CLOSED', closed))
})

test('the counters of a queue and of the broker are right at every step', async () => {
  const world = await worldWith(0)
  const look = () => {
    const { ready, unsettled, delayed, parked, consumers } = world.stats('a')
    return [ready, unsettled, delayed, parked, consumers]
  }
  await world.publishAll('a', numbers(4))
  await world.publish('a', 'later', { delayMs: 10_000 })
  assert.deepEqual(look(), [4, 0, 1, 0, 0])
  const taker = world.take('a', { credit: 3 })
  await world.pass(100)
  assert.deepEqual(look(), [1, 3, 1, 0, 1])
  const [a, b, c] = taker.seen.map(({ id }) => id) as [number, number, number]
  const settling = taker.settle({ id: a, outcome: 'done' })
  assert.equal(world.stats('a').unsettled, 3, 'until it is on disk')
  await settling
  await taker.settle({ id: b, outcome: 'retry', delayMs: 50_000 }, { id: c, outcome: 'reject' })
  await world.pass(100)
  assert.deepEqual(look(), [0, 1, 2, 1, 1])
  await taker.close()
  assert.deepEqual(look(), [1, 0, 2, 1, 0])
  await world.pass(60_000)
  assert.deepEqual(look(), [3, 0, 0, 1, 0])
  const { published, delivered, settled } = world.broker.stats()
  assert.deepEqual({ published, delivered, settled }, { published: 5, delivered: 4, settled: 1 })
  await world.do(world.broker.resolve('a', c, 'remove'))
  const rest = world.take('a').settleAll()
  await world.pass(1_000)
  await rest.close()
  assert.deepEqual(world.stats('a'), {
    name: 'a',
    ...{ ready: 0, unsettled: 0, delayed: 0, parked: 0, bytes: 0, consumers: 0 },
  })
})
