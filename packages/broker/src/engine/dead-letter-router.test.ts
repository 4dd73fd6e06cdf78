import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Peeked } from '../api.ts'
import type { DeadLetterRouter, GivenUp, QueueOptions } from '../options.ts'
import { bodyOf, World } from './world.fixture.ts'

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()

async function worldWith(router?: DeadLetterRouter, options: QueueOptions = {}, seed = 1) {
  const world = new World(seed)
  await world.open()
  for (const name of ['x', 'y']) {
    await world.do(world.broker.declareQueue(name, { maxMessages: 2 }))
  }
  const routed = { routeDeadLetters: true, maxAttempts: 2, retryFirstMs: 1, ...options }
  await world.do(world.broker.declareQueue('a', routed))
  world.broker.setDeadLetterRouter(router)
  return world
}

const peek = (world: World, queue: string): Promise<Peeked[]> => world.do(world.broker.peek(queue))

async function rejected(world: World, body = 'body'): Promise<void> {
  await world.publish('a', body, { properties: Buffer.from('given') })
  const taker = world.take('a')
  await world.pass(100)
  await taker.settle({ id: taker.last.id, outcome: 'reject', cause: 'no good' })
  await taker.close()
}

test('the router says where it goes and with which properties; all in one entry', async () => {
  const asked: GivenUp[] = []
  const world = await worldWith((given) => {
    asked.push(given)
    return { queues: ['x', 'y', 'x'], properties: Buffer.from(`${text(given.properties)}, dead`) }
  })
  await rejected(world)
  const [{ queue, properties, reason, time }] = asked as [GivenUp]
  assert.deepEqual([queue, text(properties), reason], ['a', 'given', 'rejected'])
  assert.ok(time > 0 && time <= world.broker.stats().time)
  await world.killAndOpen()
  assert.deepEqual(await peek(world, 'a'), [])
  for (const name of ['x', 'y']) {
    const [dead, ...more] = await peek(world, name)
    assert.deepEqual([bodyOf(dead!), text(dead!.properties), more], ['body', 'given, dead', []])
    assert.equal(dead!.deadLetter!.queue, 'a')
    assert.equal(dead!.deadLetter!.history[0]!.cause, 'no good')
  }
})

test('what failed too often is given up as delivery_limit, into its own queue too', async () => {
  const reasons: string[] = []
  const world = await worldWith(({ reason, properties }) => {
    reasons.push(reason)
    return { queues: ['a'], properties }
  })
  await world.publish('a', 'x')
  const taker = world.take('a')
  taker.onDelivery = ({ id }) => {
    if (taker.seen.length < 3) void taker.subscription.settle([{ id, outcome: 'retry' }])
  }
  await world.pass(1_000)
  assert.deepEqual(reasons, ['delivery_limit'])
  assert.deepEqual(
    taker.seen.map(({ attempts, redelivered }) => [attempts, redelivered]),
    [
      [0, false],
      [1, true],
      [0, false],
    ],
  )
  assert.equal(world.stats('a').unsettled, 1)
})

test('what is dropped is gone for good; what is parked is listed with its cause', async () => {
  const world = await worldWith(({ queue }) => (queue === 'a' ? 'drop' : 'park'))
  await world.do(world.broker.declareQueue('b', { routeDeadLetters: true, deadLetter: 'x' }))
  await rejected(world)
  await world.publish('b', 'stays')
  const taker = world.take('b')
  await world.pass(10)
  await taker.settle({ id: taker.last.id, outcome: 'reject', cause: 'no good' })
  await world.killAndOpen()
  assert.deepEqual(await peek(world, 'a'), [])
  assert.equal(world.stats('a').bytes, 0)
  const [parked] = await peek(world, 'b')
  assert.deepEqual([parked!.state, parked!.history[0]!.cause], ['parked', 'no good'])
  assert.deepEqual(await peek(world, 'x'), [])
})

test('routed to no queue it is dropped; to a full or unknown one it is parked', async () => {
  const routes: [() => ReturnType<DeadLetterRouter>, number, RegExp | undefined][] = [
    [() => ({ queues: [], properties: Buffer.from('') }), 0, undefined],
    [() => ({ queues: ['x', 'y'], properties: Buffer.from('') }), 1, undefined],
    [() => ({ queues: ['gone'], properties: Buffer.from('') }), 1, /to gone, which is not there/],
    [
      () => {
        throw new Error('my fault')
      },
      1,
      /routing it failed: Error: my fault/,
    ],
  ]
  for (const [route, parked, warning] of routes) {
    const world = await worldWith(route)
    await world.publish('y', '1')
    await world.publish('y', '2')
    await rejected(world)
    assert.equal(world.stats('a').parked, parked, String(route))
    assert.equal(world.stats('x').ready, 0)
    if (warning === undefined) assert.deepEqual(world.warnings, [])
    else assert.match(world.warnings.join(), warning)
  }
})

test('while there is no router the dead-letter queue stands', async () => {
  const world = await worldWith(undefined, { deadLetter: 'x' })
  await rejected(world)
  assert.deepEqual((await peek(world, 'x')).map(bodyOf), ['body'])
})

test('in a batch its copies take effect with the commit, and its dropping too', async () => {
  for (const route of ['drop', ['x', 'y']] as const) {
    const world = await worldWith(({ properties }) => {
      return typeof route === 'string' ? route : { queues: route, properties }
    })
    await world.publish('a', 'body')
    const taker = world.take('a')
    await world.pass(10)
    const batch = world.broker.batch()
    await batch.publish({ queues: ['x'], body: Buffer.from('first') })
    batch.settle(taker.subscription, [{ id: taker.last.id, outcome: 'reject' }])
    await world.pass(100)
    assert.deepEqual([world.stats('a').unsettled, world.stats('y').ready], [1, 0])
    const ids = await world.do(batch.commit())
    await world.killAndOpen()
    assert.equal(world.stats('a').unsettled + world.stats('a').ready, 0)
    const found = (await peek(world, 'x')).map(bodyOf)
    assert.deepEqual(found, route === 'drop' ? ['first'] : ['first', 'body'])
    assert.equal(ids.length, 1)
  }
})

test('a kill at any moment leaves it in its queue or in all of its new ones', async () => {
  const found = new Set<string>()
  for (let seed = 1; seed <= 40; seed++) {
    const router: DeadLetterRouter = ({ properties }) => ({ queues: ['x', 'y'], properties })
    const world = await worldWith(router, {}, seed)
    await world.publish('a', 'body')
    const taker = world.take('a')
    await world.pass(10)
    taker.subscription.settle([{ id: taker.last.id, outcome: 'reject' }]).catch(() => undefined)
    await world.pass(world.sim.random.next() * 0.5)
    await world.killAndOpen()
    const counts = ['a', 'x', 'y'].map((name) => world.stats(name).ready).join()
    found.add(counts)
  }
  assert.deepEqual([...found].sort(), ['0,1,1', '1,0,0'])
})
