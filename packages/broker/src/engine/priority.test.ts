import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { QueueOptions } from '../options.ts'
import { bodyOf, numbers, refusal, World } from './world.fixture.ts'

async function worldWith(options: QueueOptions = {}, limits = {}): Promise<World> {
  const world = new World()
  await world.open(limits)
  await world.do(world.broker.declareQueue('a', { maxPriority: 5, retryFirstMs: 1, ...options }))
  return world
}

/** Publishes bodies that begin with their priority. */
async function publishAll(world: World, ...bodies: string[]): Promise<void> {
  for (const body of bodies) await world.publish('a', body, { priority: Number.parseInt(body, 10) })
}

async function delivered(world: World): Promise<string[]> {
  const taker = world.take('a', { credit: 1 }).settleAll()
  await world.pass(500)
  await taker.close()
  return taker.bodies
}

test('the higher priority comes first, within one the earlier', async () => {
  const world = await worldWith()
  await publishAll(world, '1', '0', '5 a', '3', '5 b', '0 b')
  assert.deepEqual(await delivered(world), ['5 a', '5 b', '3', '1', '0', '0 b'])
})

test('a priority above the highest of the queue counts as that', async () => {
  const world = await worldWith()
  await publishAll(world, '5', '255', '200', '4')
  assert.deepEqual(await delivered(world), ['5', '255', '200', '4'])
})

test('without maxPriority all are equal', async () => {
  const world = await worldWith({ maxPriority: 0 })
  await publishAll(world, '1', '5', '0')
  assert.deepEqual(await delivered(world), ['1', '5', '0'])
})

test('what comes back takes its place among its priority', async () => {
  const world = await worldWith()
  await publishAll(world, '3 a', '3 b', '1')
  await world.publish('a', '4', { priority: 4, delayMs: 1_000 })
  const taker = world.take('a', { credit: 1 })
  await world.pass(10)
  await publishAll(world, '2')
  taker.subscription.setCredit(0)
  await taker.settle({ id: taker.last.id, outcome: 'retry', delayMs: 1 })
  await world.pass(2_000)
  await taker.close()
  assert.deepEqual(await delivered(world), ['4', '3 a', '3 b', '2', '1'])
})

test('priorities survive kills, checkpoints, copies forward, batches, half messages', async () => {
  const KiB = 1024
  const limits = { segmentBytesMin: 4 * KiB, segmentBytesMax: 4 * KiB, checkpointBytes: 6 * KiB }
  const world = await worldWith({}, limits)
  await world.do(world.broker.declareQueue('flow'))
  await publishAll(world, '1', '2', '0', '4')
  const seen = world.take('a', { credit: 1 })
  await world.pass(10)
  await seen.close()
  const half = { queues: ['a'], body: Buffer.from('3'), priority: 3 }
  const prepared = { transactionId: 't', group: 'g', messages: [half] }
  const handle = await world.do(world.broker.prepare(prepared))
  world.take('flow').settleAll()
  for (let i = 0; i < 100; i++) {
    await world.publish('flow', 'x'.repeat(500))
    await world.pass(2)
  }
  assert.equal(world.sim.disk.files().includes('/data/broker/00000000000000.seg'), false)
  await world.killAndOpen(limits)
  await world.do(world.broker.decide(handle, 'commit'))
  const batch = world.broker.batch()
  await batch.publish({ queues: ['a'], body: Buffer.from('5'), priority: 5 })
  await world.do(batch.commit())
  await world.close()
  await world.open(limits)
  assert.deepEqual(await delivered(world), ['5', '4', '3', '2', '1', '0'])
})

test('a restart from a checkpoint loses and repeats nothing of any level', async () => {
  const limits = { checkpointBytes: 4_096, segmentBytesMin: 4_096, segmentBytesMax: 4_096 }
  for (let seed = 1; seed <= 20; seed++) {
    const world = new World(seed)
    await world.open(limits)
    await world.do(world.broker.declareQueue('a', { maxPriority: 3 }))
    const bodies = numbers(120)
    let confirmed = 0
    for (const body of bodies) {
      const request = { queues: ['a'], body: Buffer.from(body), priority: Number(body) % 4 }
      world.broker.publish(request).then(
        () => confirmed++,
        () => undefined,
      )
      if (Number(body) % 10 === 0) await world.pass(1 + world.sim.random.next() * 3)
    }
    await world.pass(world.sim.random.next() * 3)
    await world.killAndOpen(limits)
    const found = await world.do(world.broker.peek('a', { limit: 1_000 }))
    const expected = bodies.slice(0, found.length)
    assert.deepEqual(found.map(bodyOf), expected, `seed ${seed}`)
    assert.ok(confirmed > 0 && found.length >= confirmed, `seed ${seed}: ${confirmed}`)
  }
})

test('publishers give priorities, and a purge takes all levels', async () => {
  const world = await worldWith()
  const quiet = { onConfirmed: () => undefined, onRefused: () => undefined }
  const fixed = world.broker.publisher({ queues: ['a'], ...quiet })
  fixed.publishBatch([{ body: Buffer.from('0') }, { body: Buffer.from('2'), priority: 2 }])
  const routed = world.broker.publisher(quiet)
  const own = { queues: ['a'] }
  routed.publishBatch([
    { ...own, body: Buffer.from('3'), priority: 3 },
    { ...own, body: Buffer.from('0 b') },
  ])
  await world.pass(10)
  assert.deepEqual(await delivered(world), ['3', '2', '0', '0 b'])
  await publishAll(world, '1', '2', '3')
  assert.equal(await world.do(world.broker.purge('a')), 3)
  assert.equal(world.stats('a').bytes, 0)
})

test('what is no priority is refused, and so is order by key', async () => {
  const world = await worldWith()
  const limit = refusal('LIMIT', /^Cannot publish to a: priority is 256, 0 to 255 are possible$/)
  await assert.rejects(world.publish('a', '', { priority: 256 }), limit)
  const queue = refusal('LIMIT', /maxPriority is 256, 0 to 255 are possible$/)
  await assert.rejects(world.do(world.broker.declareQueue('b', { maxPriority: 256 })), queue)
  const order = refusal('ARGUMENT', /^Cannot subscribe to a: it has priorities, hence no order/)
  assert.throws(() => world.take('a', { keyOrder: true }), order)
})
