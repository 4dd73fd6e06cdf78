import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { QueueOptions } from '../options.ts'
import { numbers, refusal, World } from './world.fixture.ts'

async function worldWith(options: QueueOptions = {}): Promise<World> {
  const world = new World()
  await world.open()
  await world.do(world.broker.declareQueue('dead'))
  await world.do(world.broker.declareQueue('a', options))
  return world
}

function change(world: World, options: QueueOptions, queue = 'a'): Promise<void> {
  return world.do(world.broker.changeQueue(queue, options))
}

async function lives(world: World, check: () => Promise<void>): Promise<void> {
  await check()
  await world.killAndOpen()
  await check()
  await world.close()
  await world.open()
  await check()
}

test('a change holds at once, after a kill and after a stop', async () => {
  const world = await worldWith({ maxMessages: 5 })
  await change(world, { maxMessages: 1 })
  await world.publish('a', 'x')
  await lives(world, async () => {
    await assert.rejects(world.publish('a', 'y'), refusal('QUEUE_FULL', /it holds 1 messages$/))
    await world.do(world.broker.declareQueue('a', { maxMessages: 1 }))
  })
})

test('what the options do not name has its default again', async () => {
  const world = await worldWith({ maxMessages: 1, maxAttempts: 2 })
  await change(world, { maxAttempts: 2 })
  await world.publishAll('a', numbers(3))
  assert.equal(world.stats('a').ready, 3)
})

test('the last of several changes in one turn holds', async () => {
  const world = await worldWith()
  const changes = [1, 2, 3].map((maxMessages) => world.broker.changeQueue('a', { maxMessages }))
  await world.do(Promise.all(changes))
  await lives(world, () => world.do(world.broker.declareQueue('a', { maxMessages: 3 })))
})

test('thousands of queues are changed in one turn', async () => {
  const world = await worldWith()
  const names = numbers(2_000)
  await world.do(Promise.all(names.map((name) => world.broker.declareQueue(name))))
  await world.do(Promise.all(names.map((name) => world.broker.changeQueue(name, { maxReady: 1 }))))
  await world.killAndOpen()
  await world.do(Promise.all(names.map((name) => world.broker.declareQueue(name, { maxReady: 1 }))))
})

test('a full disk refuses a change, and the queue stays as it is', async () => {
  const world = new World()
  await world.open({ logBytesMax: 200 * 1024 })
  for (const name of ['a', 'b']) await world.do(world.broker.declareQueue(name))
  const body = new Uint8Array(10_000)
  const fill = (): Promise<void> =>
    world.do(world.broker.publish({ queues: ['b'], body })).then(() => fill())
  await assert.rejects(fill(), refusal('LOG_FULL', /^Cannot publish/))
  const changes = numbers(500, 1).map((n) => {
    return world.broker.changeQueue('a', { maxMessages: Number(n) }).catch((error) => error)
  })
  const told = await world.do(Promise.all(changes))
  const [last] = told.slice(-1)
  assert.ok(refusal('LOG_FULL', /^Cannot change queue a: the disk has no room for /)(last))
  // What is so already needs no room.
  const asItIs = Number(numbers(500, 1)[told.lastIndexOf(undefined)])
  await world.do(world.broker.changeQueue('a', { maxMessages: asItIs }))
  assert.deepEqual(world.fatal, [])
  await world.do(world.broker.deleteQueue('b'))
})

test('it holds from a checkpoint too, when the log of it is gone', async () => {
  const world = await worldWith()
  await world.do(world.broker.declareQueue('much'))
  await change(world, { maxMessages: 7 })
  const taker = world.take('much').settleAll()
  const body = 'x'.repeat(16_000)
  for (let i = 0; i < 60; i++) await world.publish('much', body)
  await world.pass(5_000)
  assert.ok(taker.seen.length === 60)
  await world.killAndOpen()
  await world.do(world.broker.declareQueue('a', { maxMessages: 7 }))
})

test('a queue that may have less ready: the first give way, to its dead-letter queue', async () => {
  const world = await worldWith()
  await world.publishAll('a', numbers(5))
  await change(world, { maxReady: 2, deadLetter: 'dead' })
  await world.pass(1_000)
  assert.deepEqual([world.stats('a').ready, world.stats('dead').ready], [2, 3])
  const taker = world.take('a')
  await world.pass(100)
  assert.deepEqual(taker.bodies, ['4', '5'])
})

test('a time to live is for what comes; what has come keeps its own', async () => {
  const world = await worldWith()
  await world.publish('a', 'for ever')
  await change(world, { messageExpiresMs: 1_000 })
  await world.publish('a', 'a second')
  await change(world, { messageExpiresMs: 60_000 })
  await world.publish('a', 'a minute')
  await change(world, {})
  await world.publish('a', 'for ever too')
  await world.killAndOpen()
  await world.pass(5_000)
  const taker = world.take('a')
  await world.pass(1_000)
  assert.deepEqual(taker.bodies, ['for ever', 'a minute', 'for ever too'])
})

test('what comes after a restart has the new time to live, whatever was in memory', async () => {
  const world = await worldWith()
  await world.publish('a', 'old')
  world.take('a', { credit: 1 })
  await world.pass(100)
  const onRefused = () => assert.fail('refused')
  const publisher = world.broker.publisher({ onConfirmed: () => undefined, onRefused })
  const messages = numbers(50).map((body) => ({ queues: ['a'], body: Buffer.from(body) }))
  publisher.publishBatch(messages.map((message) => ({ ...message, volatile: true })))
  await change(world, { messageExpiresMs: 500 })
  await world.killAndOpen()
  await world.publish('a', 'new')
  await world.pass(1_000)
  const taker = world.take('a')
  await world.pass(100)
  assert.deepEqual(taker.bodies, ['old'])
})

test('a shorter time to live wakes the queue when it is over', async () => {
  const world = await worldWith({ messageExpiresMs: 3_600_000 })
  await change(world, { messageExpiresMs: 500 })
  await world.publish('a', 'x')
  await world.pass(1_000)
  assert.equal(world.stats('a').ready, 0)
})

test('attempts: a limit that is lowered holds at the next failure', async () => {
  const world = await worldWith({ countRequeues: true, maxAttempts: 0 })
  await world.publish('a', 'x')
  const taker = world.take('a')
  await world.pass(100)
  await taker.settle({ id: taker.last.id, outcome: 'requeue' })
  await world.pass(100)
  await change(world, { countRequeues: true, maxAttempts: 2 })
  await taker.settle({ id: taker.last.id, outcome: 'requeue' })
  await world.pass(100)
  assert.equal(world.stats('a').parked, 1)
})

test('priorities, the single active consumer and what is weighed stay as declared', async () => {
  const world = await worldWith({ maxPriority: 3 })
  const text = /^Cannot change queue a: it is there and its maxPriority is 3$/
  await assert.rejects(change(world, { maxPriority: 0 }), refusal('QUEUE_MISMATCH', text))
  for (const name of ['singleActive', 'weighBodies']) {
    const other = change(world, { [name]: true })
    await assert.rejects(other, refusal('QUEUE_MISMATCH', new RegExp(`its ${name} is false$`)))
  }
  await change(world, { maxReady: 1 })
  await world.killAndOpen()
  await world.do(world.broker.declareQueue('a', { maxPriority: 3, maxReady: 1 }))
})

test('a wrong option, an unknown queue and a circle of dead letters are refused', async () => {
  const world = await worldWith({ deadLetter: 'dead' })
  const wrong = /^Cannot change queue a: maxReady is -1, not a whole number from 0$/
  await assert.rejects(change(world, { maxReady: -1 }), refusal('ARGUMENT', wrong))
  const unknown = refusal('QUEUE_UNKNOWN', /^Cannot change queue (a|b): there is no queue b$/)
  await assert.rejects(change(world, {}, 'b'), unknown)
  await assert.rejects(change(world, { deadLetter: 'b' }), unknown)
  const circle = refusal('ARGUMENT', /^Cannot change queue dead: what it dead-letters to a comes/)
  await assert.rejects(change(world, { deadLetter: 'a' }, 'dead'), circle)
  await assert.rejects(change(world, { deadLetter: 'a' }), refusal('ARGUMENT', /comes back$/))
})

test('a queue that others dead-letter to goes only when none does any more', async () => {
  const world = await worldWith({ deadLetter: 'dead' })
  const inUse = refusal('QUEUE_IN_USE', /^Cannot delete queue dead: a dead-letters to it$/)
  await assert.rejects(world.do(world.broker.deleteQueue('dead')), inUse)
  await change(world, {})
  await world.do(world.broker.deleteQueue('dead'))
  await world.do(world.broker.declareQueue('dead'))
  await change(world, { deadLetter: 'dead' })
  await world.killAndOpen()
  await assert.rejects(world.do(world.broker.deleteQueue('dead')), inUse)
  await world.do(world.broker.deleteQueue('a'))
  await world.do(world.broker.deleteQueue('dead'))
})
