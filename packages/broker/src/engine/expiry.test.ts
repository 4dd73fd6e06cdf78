import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { QueueOptions } from '../options.ts'
import { bodyOf, numbers, refusal, World } from './world.fixture.ts'

async function worldWith(options: QueueOptions = {}, limits = {}): Promise<World> {
  const world = new World()
  await world.open(limits)
  await world.do(world.broker.declareQueue('dead'))
  await world.do(world.broker.declareQueue('a', options))
  return world
}

async function bodiesIn(world: World, queue: string): Promise<string[]> {
  return (await world.do(world.broker.peek(queue, { limit: 1_000 }))).map(bodyOf)
}

test('a message whose time is over is gone, also while nobody consumes', async () => {
  const world = await worldWith()
  await world.publish('a', 'short', { expiresMs: 500 })
  await world.publish('a', 'stays')
  await world.pass(480)
  assert.equal(world.stats('a').ready, 2)
  await world.pass(100)
  assert.deepEqual(await bodiesIn(world, 'a'), ['stays'])
  const taker = world.take('a')
  await world.pass(100)
  assert.deepEqual(taker.bodies, ['stays'])
  await world.killAndOpen()
  assert.deepEqual(await bodiesIn(world, 'a'), ['stays'])
})

test('behind others it goes when it comes up, and is never delivered late', async () => {
  const world = await worldWith()
  await world.publish('a', 'first')
  await world.publish('a', 'short', { expiresMs: 100 })
  await world.publish('a', 'last')
  await world.pass(1_000)
  assert.equal(world.stats('a').ready, 3)
  const taker = world.take('a', { credit: 1 })
  await world.pass(10)
  await taker.done(taker.last)
  await world.pass(10)
  assert.deepEqual(taker.bodies, ['first', 'last'])
  assert.equal(await world.do(taker.subscription.pull()), undefined)
})

test('the smaller of the times of queue and message holds', async () => {
  const world = await worldWith({ messageExpiresMs: 300 })
  await world.publish('a', 'by queue')
  await world.publish('a', 'also by queue', { expiresMs: 1_000 })
  await world.publish('a', 'by message', { expiresMs: 200 })
  await world.pass(290)
  assert.equal(world.stats('a').ready, 3)
  await world.pass(20)
  assert.equal(world.stats('a').ready, 0)
  await world.publish('a', 'short', { expiresMs: 100 })
  await world.pass(110)
  assert.equal(world.stats('a').ready, 0)
})

test('one with a delay lives from when it is due', async () => {
  const world = await worldWith({ messageExpiresMs: 100 })
  await world.publish('a', 'late', { delayMs: 1_000, expiresMs: 50 })
  await world.publish('a', 'later', { delayMs: 1_000 })
  await world.pass(1_030)
  assert.equal(world.stats('a').ready, 2)
  await world.pass(50)
  assert.deepEqual(await bodiesIn(world, 'a'), ['later'])
  await world.pass(50)
  assert.deepEqual(await bodiesIn(world, 'a'), [])
})

test('what a consumer has does not expire; given back it does', async () => {
  const world = await worldWith({ messageExpiresMs: 100 })
  await world.publish('a', '1')
  await world.publish('a', '2')
  const taker = world.take('a')
  await world.pass(1_000)
  assert.deepEqual(taker.bodies, ['1', '2'])
  await taker.done(taker.seen[0]!)
  await taker.settle({ id: taker.last.id, outcome: 'requeue' })
  await world.pass(10)
  assert.equal(taker.seen.length, 2)
  assert.equal(world.stats('a').bytes, 0)
})

test('a time to live of 0: delivered at once, or not at all, and not in a later life', async () => {
  const world = await worldWith()
  const taker = world.take('a', { credit: 1 })
  await world.publish('a', 'now', { expiresMs: 0 })
  await world.publish('a', 'too much', { expiresMs: 0 })
  await world.pass(10)
  assert.deepEqual(taker.bodies, ['now'])
  await taker.done(taker.last)
  await world.pass(10)
  assert.deepEqual(taker.bodies, ['now'])
  await world.do(world.broker.declareQueue('b', { messageExpiresMs: 0 }))
  await world.publish('b', 'nobody there')
  await world.killAndOpen()
  const late = world.take('b')
  await world.pass(10)
  assert.deepEqual(late.bodies, [])
})

test('what expired goes to the dead-letter queue, without a time of its own', async () => {
  const world = await worldWith({ deadLetter: 'dead', maxAttempts: 3 })
  await world.publish('a', 'short', { expiresMs: 100, properties: Buffer.from('p') })
  await world.pass(1_000)
  const [dead] = await world.do(world.broker.peek('dead'))
  assert.deepEqual([bodyOf(dead!), Buffer.from(dead!.properties).toString()], ['short', 'p'])
  const { queue, attempts, history } = dead!.deadLetter!
  assert.deepEqual([queue, attempts], ['a', 0])
  assert.equal(history[0]!.cause, 'its time to live was over')
})

test('the router hears why, and one that comes later finds what waited for it', async () => {
  const world = await worldWith({ routeDeadLetters: true, messageExpiresMs: 100 })
  await world.publish('a', 'x')
  const taker = world.take('a', { credit: 0 })
  await world.pass(1_000)
  assert.equal(world.stats('a').ready, 1)
  assert.equal(await world.do(taker.subscription.pull()), undefined)
  const reasons: string[] = []
  world.broker.setDeadLetterRouter(({ reason, properties }) => {
    reasons.push(reason)
    return { queues: ['dead'], properties }
  })
  await world.pass(100)
  assert.deepEqual(reasons, ['expired'])
  assert.deepEqual(await bodiesIn(world, 'dead'), ['x'])
})

test('times hold over restarts, and over a clock that jumps while the broker runs', async () => {
  const world = await worldWith()
  await world.publish('a', 'short', { expiresMs: 1_000 })
  world.sim.clock.jump(3_600_000)
  await world.pass(500)
  assert.equal(world.stats('a').ready, 1)
  world.sim.clock.jump(-3_600_000)
  await world.killAndOpen()
  assert.equal(world.stats('a').ready, 1)
  await world.pass(600)
  assert.equal(world.stats('a').ready, 0)
  await world.publish('a', 'down', { expiresMs: 1_000 })
  await world.close()
  await world.pass(2_000)
  await world.open()
  const taker = world.take('a')
  await world.pass(10)
  assert.deepEqual(taker.bodies, [])
})

test('a checkpoint and a copy forward keep the time', async () => {
  const KiB = 1024
  const limits = { segmentBytesMin: 4 * KiB, segmentBytesMax: 4 * KiB, checkpointBytes: 6 * KiB }
  const world = await worldWith({}, limits)
  await world.do(world.broker.declareQueue('flow'))
  await world.publish('a', 'first', { expiresMs: 60_000 })
  world.take('flow').settleAll()
  for (let i = 0; i < 100; i++) {
    await world.publish('flow', 'x'.repeat(500))
    await world.pass(2)
  }
  assert.equal(world.sim.disk.files().includes('/data/broker/00000000000000.seg'), false)
  await world.killAndOpen(limits)
  assert.deepEqual(await bodiesIn(world, 'a'), ['first'])
  await world.pass(60_000)
  assert.deepEqual(await bodiesIn(world, 'a'), [])
})

test('thousands that expire together go, read from disk where need be', async () => {
  const world = await worldWith({ messageExpiresMs: 5_000 }, { cacheBytes: 1 })
  await world.publishAll('a', numbers(3_000))
  await world.pass(10_000)
  assert.equal(world.stats('a').ready, 0)
  await world.killAndOpen({ cacheBytes: 1 })
  assert.equal(world.broker.report.messages, 0)
})

test('messages of batches and publishers have their times, too', async () => {
  const world = await worldWith()
  const batch = world.broker.batch()
  await batch.publish({ queues: ['a'], body: Buffer.from('batch'), expiresMs: 100 })
  await world.do(batch.commit())
  const quiet = { onConfirmed: () => undefined, onRefused: () => undefined }
  const fixed = world.broker.publisher({ queues: ['a'], ...quiet })
  fixed.publishBatch([{ body: Buffer.from('fixed'), expiresMs: 100 }, { body: Buffer.from('-') }])
  const routed = world.broker.publisher(quiet)
  routed.publishBatch([{ queues: ['a'], body: Buffer.from('routed'), expiresMs: 100 }])
  await world.pass(50)
  assert.equal(world.stats('a').ready, 4)
  const taker = world.take('a', { credit: 0 })
  await world.pass(100)
  assert.equal(bodyOf((await world.do(taker.subscription.pull()))!), '-')
  await world.pass(10)
  assert.equal(world.stats('a').ready, 0)
})

test('a time to live beyond the limits is refused', async () => {
  const world = await worldWith()
  const limit = refusal('LIMIT', /^Cannot publish to a: expiresMs is -1, limit \d+$/)
  await assert.rejects(world.publish('a', 'x', { expiresMs: -1 }), limit)
  const wrong = refusal('ARGUMENT', /messageExpiresMs is -1, not a whole number from 0$/)
  const options = { messageExpiresMs: -1 }
  await assert.rejects(world.do(world.broker.declareQueue('b', options)), wrong)
})

test('what a person has delivered again does not expire again, in later lives either', async () => {
  const world = await worldWith({ routeDeadLetters: true, messageExpiresMs: 100 })
  world.broker.setDeadLetterRouter(() => 'park')
  const id = await world.publish('a', 'x')
  await world.pass(200)
  assert.equal(world.stats('a').parked, 1)
  assert.equal(await world.do(world.broker.resolve('a', id, 'deliver')), true)
  await world.pass(200)
  assert.equal(world.stats('a').ready, 1)
  await world.killAndOpen()
  await world.pass(200)
  await world.close()
  await world.open()
  const taker = world.take('a')
  await world.pass(200)
  assert.deepEqual(taker.bodies, ['x'])
})
