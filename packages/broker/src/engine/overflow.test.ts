import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { QueueOptions } from '../options.ts'
import { bodyOf, numbers, refusal, World } from './world.fixture.ts'

async function worldWith(options: QueueOptions): Promise<World> {
  const world = new World()
  await world.open()
  await world.do(world.broker.declareQueue('dead'))
  await world.do(world.broker.declareQueue('b'))
  await world.do(world.broker.declareQueue('a', options))
  return world
}

async function bodiesIn(world: World, queue: string): Promise<string[]> {
  return (await world.do(world.broker.peek(queue, { limit: 1_000 }))).map(bodyOf)
}

test('drop-head: the messages that would come next give way, for good', async () => {
  const world = await worldWith({ maxReady: 3 })
  await world.publishAll('a', numbers(5))
  await world.pass(10)
  assert.deepEqual(await bodiesIn(world, 'a'), ['3', '4', '5'])
  await world.publish('a', '6')
  await world.killAndOpen()
  await world.pass(10)
  assert.deepEqual(await bodiesIn(world, 'a'), ['4', '5', '6'])
})

test('only ready messages count, and only what nobody takes gives way', async () => {
  const world = await worldWith({ maxReady: 2, retryFirstMs: 1_000 })
  await world.publish('a', 'delayed', { delayMs: 10_000 })
  const taker = world.take('a', { credit: 5 })
  await world.publishAll('a', numbers(8))
  await world.pass(10)
  assert.deepEqual(taker.bodies, numbers(5))
  assert.deepEqual(await bodiesIn(world, 'a'), ['delayed', ...numbers(5), '7', '8'])
  // What comes back is older, and goes first.
  taker.subscription.setCredit(0)
  await taker.settle({ id: taker.last.id, outcome: 'requeue' })
  await world.pass(10)
  assert.deepEqual(await bodiesIn(world, 'a'), ['delayed', ...numbers(4), '7', '8'])
})

test('what a consumer has credit for is not dropped, however much comes in one turn', async () => {
  const world = await worldWith({ maxReady: 1 })
  const taker = world.take('a', { credit: 5_000 })
  await world.publishAll('a', numbers(3_000))
  await world.pass(100)
  assert.equal(taker.seen.length, 3_000)
})

test('bytes are limited as stored', async () => {
  const world = await worldWith({ maxReadyBytes: 1_000 })
  await world.publishAll('a', ['x'.repeat(400), 'y'.repeat(400), 'z'.repeat(400)])
  await world.pass(10)
  assert.deepEqual(
    (await bodiesIn(world, 'a')).map((body) => body[0]),
    ['y', 'z'],
  )
  const taker = world.take('a', { credit: 1 })
  await world.pass(10)
  await world.publish('a', 'w'.repeat(400))
  await world.pass(10)
  assert.deepEqual([taker.bodies[0]![0], world.stats('a').ready], ['y', 2])
})

const LIGHT: QueueOptions = { maxReadyBytes: 10, weighBodies: true }
const properties = Buffer.alloc(300)

test('weighBodies: what is stored with a message does not count, nor after a restart', async () => {
  const world = await worldWith(LIGHT)
  for (const body of ['1234', '56789', 'abcde', 'fgh']) {
    await world.publish('a', body, { properties, key: 'a key' })
  }
  for (const restart of ['none', 'kill', 'stop']) {
    if (restart === 'stop') await world.close()
    if (restart !== 'none') await world.killAndOpen()
    await world.pass(10)
    assert.deepEqual(await bodiesIn(world, 'a'), ['abcde', 'fgh'], restart)
  }
  await world.publish('a', 'ijk')
  await world.pass(10)
  assert.deepEqual(await bodiesIn(world, 'a'), ['fgh', 'ijk'])
  await world.publish('a', 'longer than ten bytes')
  await world.pass(10)
  assert.deepEqual(await bodiesIn(world, 'a'), [])
  assert.equal(world.stats('a').bytes, 0)
})

test('weighBodies: what a consumer has does not count, what comes back does', async () => {
  const world = await worldWith(LIGHT)
  const taker = world.take('a', { credit: 1 })
  for (const body of ['12345678', 'abc', 'defgh']) await world.publish('a', body)
  await world.pass(10)
  assert.deepEqual(await bodiesIn(world, 'a'), ['12345678', 'abc', 'defgh'])
  await taker.close()
  await world.pass(10)
  assert.deepEqual(await bodiesIn(world, 'a'), ['abc', 'defgh'])
})

test('weighBodies: publishes at once, delayed ones and batches are refused by it', async () => {
  const world = await worldWith({ ...LIGHT, overflow: 'reject' })
  const refused: number[] = []
  const publisher = world.broker.publisher({
    onConfirmed: () => undefined,
    onRefused: (from, to) => refused.push(from, to),
  })
  const message = (body: string) => ({ queues: ['a'], body: Buffer.from(body), properties })
  publisher.publishBatch(['1234', '567', 'abcd', '890'].map(message))
  const batch = world.broker.batch()
  await assert.rejects(world.do(batch.publish(message('x'))), refusal('QUEUE_FULL', /its limit$/))
  await world.do(batch.rollback())
  await world.pass(10)
  assert.deepEqual(refused, [3, 3])
  assert.deepEqual(await bodiesIn(world, 'a'), ['1234', '567', '890'])
  await assert.rejects(world.publish('a', 'x'), refusal('QUEUE_FULL', /3 ready .* of 10 bytes/))
  const taker = world.take('a', { credit: 1 })
  await world.pass(10)
  const other = world.broker.batch()
  await world.do(other.publish(message('1234')))
  await assert.rejects(world.publish('a', 'x'), refusal('QUEUE_FULL', /its limit$/))
  await world.do(other.commit())
  await taker.done(taker.last)
  await world.pass(10)
  assert.deepEqual(await bodiesIn(world, 'a'), ['567', '890', '1234'])
  const fixed = { queues: ['a'], onConfirmed: () => undefined, onRefused: () => undefined }
  world.broker.publisher(fixed).publishBatch([{ body: Buffer.from('xyz') }])
  await assert.rejects(world.publish('a', 'x'), refusal('QUEUE_FULL', /its limit$/))
})

test('weighBodies: no order by key', async () => {
  const world = await worldWith(LIGHT)
  const text = /^Cannot subscribe to a: it weighs bodies, hence no order by key$/
  assert.throws(() => world.take('a', { keyOrder: true }), refusal('ARGUMENT', text))
})

test('what gives way is dead-lettered; the router hears maxlen', async () => {
  const world = await worldWith({ maxReady: 1, deadLetter: 'dead' })
  await world.publishAll('a', ['1', '2'])
  await world.pass(10)
  const [dead] = await world.do(world.broker.peek('dead'))
  assert.equal(bodyOf(dead!), '1')
  assert.equal(dead!.deadLetter!.history[0]!.cause, 'its queue had more than it may have')
  const reasons: string[] = []
  world.broker.setDeadLetterRouter(({ reason, properties }) => {
    reasons.push(reason)
    return { queues: ['b'], properties }
  })
  await world.do(world.broker.declareQueue('routed', { maxReady: 1, routeDeadLetters: true }))
  await world.publishAll('routed', ['1', '2'])
  await world.pass(10)
  assert.deepEqual(reasons, ['maxlen'])
  assert.deepEqual(await bodiesIn(world, 'b'), ['1'])
})

test('reject: a publish beyond the limit is refused, until something is taken', async () => {
  const world = await worldWith({ maxReady: 2, overflow: 'reject' })
  const text = /^Cannot publish to a: it holds \d ready messages of \d+ bytes, its limit$/
  const full = refusal('QUEUE_FULL', text)
  await world.publishAll('a', ['1', '2'])
  await assert.rejects(world.publish('a', '3', { queues: ['b', 'a'] }), full)
  assert.deepEqual(await bodiesIn(world, 'b'), [])
  const taker = world.take('a', { credit: 1 })
  await world.pass(10)
  await world.publish('a', '3')
  await assert.rejects(world.publish('a', '4'), full)
  assert.deepEqual(taker.bodies, ['1'])
  assert.deepEqual(await bodiesIn(world, 'a'), ['1', '2', '3'])
  assert.deepEqual(await bodiesIn(world, 'dead'), [])
})

test('reject-dead-letter: what is refused goes on as a dead letter', async () => {
  const options = { maxReady: 1, deadLetter: 'dead', overflow: 'reject-dead-letter' } as const
  const world = await worldWith(options)
  const full = refusal('QUEUE_FULL', /its limit$/)
  await world.publish('a', '1')
  await assert.rejects(world.publish('a', '2', { properties: Buffer.from('p') }), full)
  const refused: string[] = []
  const publisher = world.broker.publisher({
    onConfirmed: () => undefined,
    onRefused: (from, to) => refused.push(`${from}-${to}`),
  })
  publisher.publishBatch([
    { queues: ['b'], body: Buffer.from('b') },
    { queues: ['a'], body: Buffer.from('3') },
  ])
  const fixed = world.broker.publisher({
    queues: ['a'],
    onConfirmed: () => undefined,
    onRefused: () => undefined,
  })
  assert.throws(() => fixed.publishBatch([{ body: Buffer.from('4') }]), full)
  await world.pass(10)
  assert.deepEqual(refused, ['2-2'])
  await world.close()
  await world.open()
  assert.deepEqual(await bodiesIn(world, 'dead'), ['2', '3', '4'])
  assert.deepEqual(await bodiesIn(world, 'a'), ['1'])
  const [dead] = await world.do(world.broker.peek('dead'))
  assert.equal(Buffer.from(dead!.properties).toString(), 'p')
  assert.deepEqual([dead!.deadLetter!.queue, dead!.deadLetter!.id], ['a', 0])
})

test('an overflow that does not exist is refused', async () => {
  const wrong = refusal('ARGUMENT', /^Cannot declare queue a: overflow is drop$/)
  await assert.rejects(worldWith({ overflow: 'drop' as 'reject' }), wrong)
})
