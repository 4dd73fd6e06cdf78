import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Publisher, PublisherMessage } from '../api.ts'
import type { QueueOptions } from '../options.ts'
import { numbers, World } from './world.fixture.ts'

const MiB = 1 << 20

interface Scene {
  readonly world: World
  readonly publisher: Publisher
  /** Numbers that were confirmed. */
  readonly confirmed: number[]
}

async function scene(options: QueueOptions = {}): Promise<Scene> {
  const world = new World(1)
  await world.open()
  await world.do(world.broker.declareQueue('dead'))
  for (const name of ['a', 'b']) await world.do(world.broker.declareQueue(name, options))
  const confirmed: number[] = []
  const publisher = world.broker.publisher({
    onConfirmed: (upTo) => confirmed.push(upTo),
    onRefused: (_from, _to, error) => assert.fail(error),
  })
  return { world, publisher, confirmed }
}

const volatile = (body: string, queues = ['a'], more = {}): PublisherMessage => {
  return { queues, body: Buffer.from(body), volatile: true, ...more }
}

const durable = (body: string): PublisherMessage => ({ queues: ['a'], body: Buffer.from(body) })

test('where somebody consumes it is confirmed and delivered without being written', async () => {
  const { world, publisher, confirmed } = await scene()
  const takers = [world.take('a').settleAll(), world.take('b').settleAll()]
  await world.pass(100)
  const { groups, position } = world.broker.stats()
  publisher.publishBatch([volatile('1', ['a', 'b']), volatile('2')])
  assert.deepEqual(confirmed, [2])
  await world.pass(100)
  assert.deepEqual(
    takers.map(({ bodies }) => bodies),
    [['1', '2'], ['1']],
  )
  const after = world.broker.stats()
  assert.deepEqual([after.groups, after.position], [groups, position])
  assert.deepEqual([after.published, after.delivered, after.settled], [2, 3, 3])
  assert.deepEqual([world.stats('a').ready, world.stats('a').bytes], [0, 0])
})

test('where nobody consumes, and for a publish that is delayed, it is stored', async () => {
  const { world, publisher, confirmed } = await scene()
  publisher.publishBatch([volatile('nobody')])
  assert.deepEqual(confirmed, [])
  await world.pass(100)
  const taker = world.take('a', { credit: 0 })
  publisher.publishBatch([volatile('late', ['a'], { delayMs: 50 })])
  await world.pass(100)
  await taker.close()
  await world.killAndOpen()
  const again = world.take('a')
  await world.pass(100)
  assert.deepEqual(again.bodies, ['nobody', 'late'])
})

test('it passes nothing that was published before it, and nothing passes it', async () => {
  const { world, publisher } = await scene()
  const taker = world.take('a').settleAll()
  await world.pass(100)
  const bodies = numbers(200)
  for (const body of bodies) {
    publisher.publishBatch([Number(body) % 7 < 4 ? volatile(body) : durable(body)])
    if (Number(body) % 9 === 0) await world.pass(1)
  }
  await world.pass(100)
  assert.deepEqual(taker.bodies, bodies)
})

test('what is put back, or left behind, comes again in its place, marked', async () => {
  const { world, publisher } = await scene()
  const first = world.take('a', { credit: 3 })
  await world.pass(100)
  publisher.publishBatch(numbers(4).map((body) => volatile(body)))
  await world.pass(100)
  assert.deepEqual(first.bodies, ['1', '2', '3'])
  await first.settle({ id: first.seen[1]!.id, outcome: 'requeue' })
  await world.pass(100)
  assert.deepEqual(first.bodies, ['1', '2', '3', '2'])
  await first.close()
  const second = world.take('a').settleAll()
  await world.pass(100)
  assert.deepEqual(second.bodies, numbers(4))
  const again = second.seen.map(({ redelivered }) => redelivered)
  assert.deepEqual(again, [true, true, true, false])
  assert.equal(world.stats('a').bytes, 0)
})

test('a failed one is retried, and becomes a dead letter that is stored', async () => {
  const { world, publisher } = await scene({ deadLetter: 'dead', maxAttempts: 2 })
  const taker = world.take('a')
  await world.pass(100)
  publisher.publishBatch([volatile('poison')])
  await world.pass(100)
  await taker.settle({ id: taker.last.id, outcome: 'retry', delayMs: 10, cause: 'once' })
  await world.pass(100)
  assert.equal(taker.last.attempts, 1)
  await taker.settle({ id: taker.last.id, outcome: 'retry', cause: 'twice' })
  await world.killAndOpen()
  const dead = world.take('dead')
  await world.pass(100)
  assert.deepEqual(dead.bodies, ['poison'])
  assert.equal(dead.last.deadLetter?.queue, 'a')
  assert.equal(world.stats('a').bytes, 0)
})

test('after a crash, or a stop, it is gone; what was stored is there, once', async () => {
  for (const how of ['kill', 'stop'] as const) {
    const { world, publisher } = await scene()
    const taker = world.take('a', { credit: 2 })
    await world.pass(100)
    publisher.publishBatch([durable('1')])
    await world.pass(100)
    await taker.done(taker.last)
    publisher.publishBatch([volatile('2'), volatile('3'), volatile('4'), durable('5')])
    await world.pass(100)
    assert.deepEqual(taker.bodies, ['1', '2', '3'])
    if (how === 'stop') await world.close()
    await world.killAndOpen()
    const again = world.take('a')
    await world.pass(100)
    assert.deepEqual(again.bodies, ['5'], how)
    // Ids of what is gone may be given anew.
    await world.publish('a', '6')
    await world.pass(100)
    assert.deepEqual(again.bodies, ['5', '6'], how)
    assert.deepEqual(world.warnings, [])
  }
})

test('checkpoints leave it out, and keep what is stored around it', async () => {
  const { world, publisher } = await scene()
  const taker = world.take('a', { credit: 1 })
  await world.pass(100)
  publisher.publishBatch([volatile('delivered'), volatile('waiting')])
  await world.pass(100)
  for (let n = 0; n < 40; n++) {
    publisher.publishBatch([{ queues: ['b'], body: new Uint8Array(60_000) }])
    await world.pass(20)
    await world.do(world.broker.purge('b'))
  }
  publisher.publishBatch([durable('stored')])
  await world.close()
  assert.deepEqual(taker.bodies, ['delivered'])
  await world.killAndOpen()
  const again = world.take('a')
  await world.pass(100)
  assert.deepEqual(again.bodies, ['stored'])
})

test('beyond the memory for them they are stored, in order, and none is lost', async () => {
  const { world, publisher } = await scene()
  const taker = world.take('a', { credit: 1 })
  await world.pass(100)
  const body = (n: number) => Buffer.concat([Buffer.from(`${n}|`), new Uint8Array(MiB - 512)])
  for (let n = 1; n <= 40; n++) {
    publisher.publishBatch([{ queues: ['a'], body: body(n), volatile: true }])
    await world.pass(20)
  }
  assert.ok(world.broker.stats().position > 5 * MiB)
  taker.settleAll()
  taker.subscription.setCredit(100)
  await taker.done(taker.last)
  await world.pass(1_000)
  assert.deepEqual(
    taker.bodies.map((text) => text.slice(0, text.indexOf('|'))),
    numbers(40),
  )
})

test('a purge and a deleted queue give its memory back', async () => {
  const { world, publisher } = await scene()
  world.take('a', { credit: 1 })
  await world.pass(100)
  publisher.publishBatch(numbers(3).map((body) => volatile(body)))
  await world.pass(100)
  assert.equal(await world.do(world.broker.purge('a')), 2)
  assert.equal(await world.do(world.broker.deleteQueue('a')), 1)
  const taker = world.take('b').settleAll()
  publisher.publishBatch([volatile('on', ['b'])])
  await world.pass(100)
  assert.deepEqual(taker.bodies, ['on'])
})
