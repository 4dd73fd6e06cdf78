import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Broker, PublishRequest } from '../api.ts'
import type { BrokerErrorCode } from '../errors.ts'
import { numbers, refusal, World } from './world.fixture.ts'

const EMPTY = { ready: 0, unsettled: 0, delayed: 0, parked: 0, bytes: 0, consumers: 0 }
const body = Buffer.from('body')

async function worldWith(queues: readonly string[], limits = {}): Promise<World> {
  const world = new World()
  await world.open(limits)
  for (const name of queues) await world.do(world.broker.declareQueue(name))
  return world
}

function refused(world: World, request: unknown, code: BrokerErrorCode, text: RegExp) {
  const publishing = world.do(world.broker.publish(request as PublishRequest))
  return assert.rejects(publishing, refusal(code, text))
}

test('a publish that breaks a limit is refused and leaves nothing behind', async () => {
  const limits = { messageBytesMax: 100, propertiesBytesMax: 50, fanOutMax: 2, delayMsMax: 1_000 }
  const world = await worldWith(['a', 'b', 'c'], limits)
  const large = Buffer.alloc(60)
  const cases: [Partial<PublishRequest>, BrokerErrorCode, RegExp][] = [
    [{ queues: [] }, 'LIMIT', /^Cannot publish to : 0 queues named, 1 to 2 are possible$/],
    [{ queues: ['a', 'b', 'c'] }, 'LIMIT', /to a, b, c: 3 queues named, 1 to 2 are possible$/],
    [{ queues: ['a', 'x'] }, 'QUEUE_UNKNOWN', /^Cannot publish to a, x: there is no queue x$/],
    [{ queues: ['a', 'a'] }, 'ARGUMENT', /^Cannot publish to a, a: a queue is named twice$/],
    [{ body: Buffer.alloc(101) }, 'LIMIT', /to a: 101 bytes, limit 100$/],
    [{ properties: large }, 'LIMIT', /to a: 60 bytes of properties, limit 50$/],
    [{ delayMs: 1_001 }, 'LIMIT', /to a: delayMs is 1001, limit 1000$/],
    [{ delayMs: -1 }, 'LIMIT', /to a: delayMs is -1, limit 1000$/],
    [{ delayMs: Number.NaN }, 'LIMIT', /to a: delayMs is NaN/],
  ]
  for (const [more, code, text] of cases) {
    await refused(world, { queues: ['a'], body, ...more }, code, text)
  }
  for (const name of ['a', 'b', 'c']) assert.deepEqual(world.stats(name), { name, ...EMPTY })
  assert.equal(world.broker.stats().published, 0)
})

test('an argument of a wrong type is refused, not stored as something else', async () => {
  const world = await worldWith(['a'])
  const cases: [object, RegExp][] = [
    [{ body: 'text' }, /^Cannot publish to a: body is no Uint8Array$/],
    [{ body: undefined }, /body is no Uint8Array$/],
    [{ body: [1, 2] }, /body is no Uint8Array$/],
    [{ properties: '{}' }, /^Cannot publish to a: properties is no Uint8Array$/],
    [{ key: 7 }, /^Cannot publish to a: key is no string$/],
    [{ queues: 'a' }, /^Cannot publish: queues is no array of names$/],
    [{ queues: undefined }, /^Cannot publish: queues is no array of names$/],
  ]
  for (const [more, text] of cases) {
    await refused(world, { queues: ['a'], body, ...more }, 'ARGUMENT', text)
  }
  assert.deepEqual(world.stats('a'), { name: 'a', ...EMPTY })
})

test('a queue takes maxMessages, and one more for each that left', async () => {
  const world = await worldWith([])
  await world.do(world.broker.declareQueue('a', { maxMessages: 3 }))
  await world.do(world.broker.declareQueue('b'))
  const all = numbers(5).map((n) => {
    return world.broker.publish({ queues: ['b', 'a'], body: Buffer.from(n) })
  })
  const results = await world.do(Promise.allSettled(all))
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected'],
  )
  const request = { queues: ['b', 'a'], body }
  await refused(world, request, 'QUEUE_FULL', /^Cannot publish to a: it holds 3 messages$/)
  assert.equal(world.stats('b').ready, 3, 'a refused fan-out reaches no queue')
  const taker = world.take('a', { credit: 1 })
  await world.pass(100)
  await taker.done(taker.last)
  await world.do(world.broker.publish(request))
  await refused(world, request, 'QUEUE_FULL', /a: it holds 3 messages$/)
})

test('a queue never holds more than maxBytes as stored', async () => {
  const world = await worldWith([])
  await world.do(world.broker.declareQueue('a', { maxBytes: 1_000 }))
  const all = numbers(30).map(() => {
    return world.broker.publish({ queues: ['a'], body: Buffer.alloc(50) })
  })
  const results = await world.do(Promise.allSettled(all))
  const taken = results.filter(({ status }) => status === 'fulfilled').length
  assert.equal(world.stats('a').ready, taken)
  const { bytes } = world.stats('a')
  assert.ok(taken > 5 && bytes <= 1_000, `${taken} messages, ${bytes} bytes`)
  await refused(
    world,
    { queues: ['a'], body: Buffer.alloc(50) },
    'QUEUE_FULL',
    /a: it holds \d+ bytes$/,
  )
})

test('beyond pendingBytesMax a publish is refused with BUSY until some is written', async () => {
  const world = await worldWith(['a'], { pendingBytesMax: 2_000 })
  const large = { queues: ['a'], body: Buffer.alloc(900) }
  const results = world.do(Promise.allSettled([1, 2, 3].map(() => world.broker.publish(large))))
  const [first, second, third] = await results
  assert.equal(first?.status, 'fulfilled')
  assert.equal(second?.status, 'fulfilled')
  assert.ok(third?.status === 'rejected')
  assert.ok(refusal('BUSY', /^Cannot publish to a: \d+ bytes wait for the disk$/)(third.reason))
  assert.equal(world.stats('a').ready, 2)
  await world.do(world.broker.publish(large))
})

test('a message above pendingBytesMax is taken when nothing else waits', async () => {
  const world = await worldWith(['a'], { pendingBytesMax: 100 })
  await world.pass(1_000)
  await world.do(world.broker.publish({ queues: ['a'], body: Buffer.alloc(900) }))
  assert.equal(world.stats('a').ready, 1)
})

test('a full disk refuses with LOG_FULL and leaves no ghost in the counters', async () => {
  const world = await worldWith([], { logBytesMax: 200 * 1024 })
  await world.do(world.broker.declareQueue('a', { maxMessages: 40 }))
  await world.do(world.broker.declareQueue('b'))
  const large = Buffer.alloc(10_000)
  let taken = 0
  let full: unknown
  while (full === undefined && taken < 40) {
    await world.do(world.broker.publish({ queues: ['b'], body: large })).then(
      () => taken++,
      (error) => {
        full = error
      },
    )
  }
  assert.ok(refusal('LOG_FULL', /^Cannot publish: the disk has no room for another segment$/)(full))
  for (let i = 0; i < 50; i++) await refused(world, { queues: ['a'], body: large }, 'LOG_FULL', /./)
  assert.equal(world.stats('b').ready, taken)
  assert.equal(world.broker.stats().noSpace, true)
  // Fifty refusals above maxMessages: a ghost would show as QUEUE_FULL.
  await refused(world, { queues: ['a'], body: large }, 'LOG_FULL', /./)
})

test('ids rise in the order of the calls, over all queues', async () => {
  const world = await worldWith(['a', 'b'])
  const all = numbers(50).map((_, i) => {
    return world.broker.publish({ queues: [i % 2 ? 'a' : 'b'], body })
  })
  const ids = await world.do(Promise.all(all))
  assert.deepEqual(
    ids,
    [...ids].sort((x, y) => x - y),
  )
  assert.equal(new Set(ids).size, 50)
})

test('the order of the calls holds when some wait for a new segment', async () => {
  const world = await worldWith(['a'])
  const sizes = numbers(60).map((_, i) => (i % 3 === 0 ? 9_000 : 10))
  const all = sizes.map((size) => world.broker.publish({ queues: ['a'], body: Buffer.alloc(size) }))
  const ids = await world.do(Promise.all(all))
  assert.deepEqual(
    ids,
    [...ids].sort((x, y) => x - y),
  )
  const taker = world.take('a').settleAll()
  await world.pass(1_000)
  assert.deepEqual(
    taker.seen.map((delivery) => delivery.body.length),
    sizes,
  )
})

test('one body goes to many queues, stored once, each settled by itself', async () => {
  const world = await worldWith(['a', 'b', 'c'])
  const groups = world.broker.stats().groups
  const properties = Buffer.from([1, 2, 3])
  const request = { queues: ['a', 'b', 'c'], body: Buffer.alloc(5_000, 7), properties }
  const id = await world.do(world.broker.publish(request))
  assert.equal(world.broker.stats().groups, groups + 1)
  const takers = ['a', 'b', 'c'].map((name) => world.take(name))
  await world.pass(100)
  for (const [i, { seen }] of takers.entries()) {
    assert.equal(seen.length, 1)
    const { id: got, queue, body, properties, attempts, redelivered } = seen[0]!
    const rest = { got, queue, attempts, redelivered }
    assert.deepEqual(rest, { got: id, queue: 'abc'[i], attempts: 0, redelivered: false })
    assert.deepEqual(Buffer.from(body), request.body)
    assert.deepEqual(Buffer.from(properties), request.properties)
  }
  await takers[0]!.done(takers[0]!.last)
  assert.equal(world.stats('a').unsettled, 0)
  assert.equal(world.stats('b').unsettled, 1)
  await world.killAndOpen()
  assert.deepEqual(
    world.broker.queues().map(({ ready }) => ready),
    [0, 1, 1],
  )
})

test('a body is the consumer’s own copy', async () => {
  const world = await worldWith(['a', 'b'])
  const sent = Buffer.from('sent')
  const publishing = world.broker.publish({ queues: ['a', 'b'], body: sent })
  sent.fill(0)
  await world.do(publishing)
  const a = world.take('a')
  await world.pass(100)
  assert.equal(a.bodies[0], 'sent')
  a.last.body.fill(0)
  const b = world.take('b')
  await world.pass(100)
  assert.equal(b.bodies[0], 'sent')
})

/** The instant from which no write of the log is under way any more, as the disk sees it. */
async function firstDelivery(seed: number): Promise<{ delivered: boolean; confirmed: boolean }> {
  const world = new World(seed, { diskLatencyMs: [5, 50] })
  const broker: Broker = await world.open()
  await world.do(broker.declareQueue('a'))
  const taker = world.take('a')
  await world.pass(500)
  const seen = { delivered: false, confirmed: false }
  void broker.publish({ queues: ['a'], body }).then(() => {
    seen.confirmed = true
  })
  const late: string[] = []
  taker.onDelivery = () => {
    seen.delivered = true
    if (!seen.confirmed) late.push('delivered before its write returned')
  }
  const written = world.sim.disk.bytesWritten
  await world.pass(4)
  assert.equal(world.sim.disk.bytesWritten, written, 'the write is still under way')
  assert.deepEqual(seen, { delivered: false, confirmed: false })
  await world.pass(5_000)
  assert.deepEqual(late, [])
  return seen
}

test('nothing is delivered before its write has returned', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    assert.deepEqual(await firstDelivery(seed), { delivered: true, confirmed: true })
  }
})
