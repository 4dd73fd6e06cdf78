import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PublisherMessage } from '../api.ts'
import { bodyOf, numbers, refusal, World } from './world.fixture.ts'

const KiB = 1024

async function worldWith(limits = {}, options = {}) {
  const world = new World(1, options)
  await world.open(limits)
  await world.do(world.broker.declareQueue('a'))
  await world.do(world.broker.declareQueue('b'))
  await world.do(world.broker.declareQueue('small', { maxMessages: 2 }))
  const heard: string[] = []
  const publisher = world.broker.publisher({
    onConfirmed: (upTo) => heard.push(`up to ${upTo}`),
    onRefused: (from, to, error) => {
      heard.push(`${from}-${to} ${(error as Error & { code: string }).code}`)
    },
  })
  return { world, heard, publisher }
}

const to = (queues: readonly string[], body: string, more = {}): PublisherMessage => {
  return { queues, body: Buffer.from(body), ...more }
}

async function bodiesIn(world: World, queue: string): Promise<string[]> {
  return (await world.do(world.broker.peek(queue, { limit: 1_000 }))).map(bodyOf)
}

test('each message goes to its own queues, in order, and is confirmed by number', async () => {
  const { world, heard, publisher } = await worldWith()
  const batch = [to(['a'], '1'), to(['b', 'a'], '2'), to(['b'], '3')]
  assert.equal(publisher.publishBatch(batch), 3)
  assert.deepEqual(heard, [])
  await world.pass(100)
  assert.deepEqual(heard, ['up to 3'])
  await world.killAndOpen()
  assert.deepEqual(await bodiesIn(world, 'a'), ['1', '2'])
  assert.deepEqual(await bodiesIn(world, 'b'), ['2', '3'])
  assert.equal((await world.do(world.broker.peek('a')))[1]!.id, 2)
})

test('one whose queue is unknown or full is refused alone, under its number', async () => {
  const { world, heard, publisher } = await worldWith()
  const batch = ['1', '2', '3', '4'].map((body) => to(['small', 'a'], body))
  batch.splice(1, 0, to(['a', 'nowhere'], 'lost'))
  assert.equal(publisher.publishBatch(batch), 5)
  await world.pass(100)
  const refused = ['2-2 QUEUE_UNKNOWN', '4-4 QUEUE_FULL', '5-5 QUEUE_FULL']
  assert.deepEqual(heard, [...refused, 'up to 5'])
  assert.deepEqual(await bodiesIn(world, 'a'), ['1', '2'])
  assert.deepEqual(await bodiesIn(world, 'small'), ['1', '2'])
  world.take('small').settleAll()
  await world.pass(100)
  publisher.publishBatch([to(['small'], '5'), to(['small'], '6'), to(['small'], '7')])
  await world.pass(100)
  assert.deepEqual(heard.slice(4), ['8-8 QUEUE_FULL', 'up to 8'])
})

test('one that goes nowhere is confirmed in its turn, and not before those before it', async () => {
  const { world, heard, publisher } = await worldWith()
  publisher.publishBatch([to([], 'nobody')])
  assert.deepEqual(heard, ['up to 1'])
  publisher.publishBatch([to(['a'], '1')])
  publisher.publishBatch([to([], 'nobody'), to(['nowhere'], 'lost')])
  assert.deepEqual(heard.slice(1), ['4-4 QUEUE_UNKNOWN'])
  await world.pass(100)
  assert.deepEqual(heard.slice(2), ['up to 4'])
  assert.equal(world.stats('a').ready, 1)
})

test('a delayed message comes when it is due, others at once', async () => {
  const { world, publisher } = await worldWith()
  const taker = world.take('a').settleAll()
  publisher.publishBatch([to(['a'], 'later', { delayMs: 500 }), to(['a'], 'now', { key: 'k' })])
  await world.pass(499)
  assert.deepEqual(taker.bodies, ['now'])
  await world.pass(100)
  assert.deepEqual(taker.bodies, ['now', 'later'])
})

test('too many delayed ones are refused alone; what was refused counts for nothing', async () => {
  const { world, heard, publisher } = await worldWith({ delayedMax: 3 })
  const later = { delayMs: 1_000 }
  publisher.publishBatch([to(['a', 'b'], '1', later), to(['a', 'b'], '2', later)])
  publisher.publishBatch([to(['a'], '3', later), to(['a'], '4', later), to(['a'], '5')])
  await world.pass(100)
  assert.deepEqual(heard, ['2-2 LIMIT', '4-4 LIMIT', 'up to 2', 'up to 5'])
  await world.pass(2_000)
  publisher.publishBatch([to(['a', 'b'], '6', later)])
  await world.pass(100)
  assert.equal(heard.at(-1), 'up to 6')
})

test('when the disk is full each run of messages that were to be stored is refused', async () => {
  const limits = { segmentBytesMin: 8 * KiB, segmentBytesMax: 8 * KiB }
  const { world, heard, publisher } = await worldWith(limits, { capacityBytes: 240 * KiB })
  const large = 'x'.repeat(1_000)
  let count = 0
  while (!heard.some((text) => text.includes('LOG_FULL'))) {
    assert.ok(count < 5_000, 'it is never full')
    count = publisher.publishBatch([to(['a'], large)])
    await world.pass(5)
  }
  const confirmed = world.stats('a').ready
  const first = count + 1
  const batch = [to(['a'], large), to(['b'], large), to(['no'], ''), to([], ''), to(['a'], large)]
  publisher.publishBatch(batch)
  await world.pass(100)
  const full = [`${first}-${first + 1} LOG_FULL`, `${first + 4}-${first + 4} LOG_FULL`]
  for (const text of full) assert.ok(heard.includes(text), heard.join())
  assert.equal(heard.at(-1), `up to ${first + 4}`)
  assert.equal(world.stats('a').ready, confirmed)
  // What was refused does not count as coming.
  world.take('a').settleAll()
  await world.pass(10_000)
  publisher.publishBatch([to(['small'], ''), to(['small'], '')])
  await world.pass(2_000)
  assert.equal(world.stats('small').ready, 2)
})

test('when the log fails, what waits is refused by number', async () => {
  const { world, heard, publisher } = await worldWith()
  world.sim.disk.failAt({ kind: 'write' }, 'EIO')
  publisher.publishBatch([to(['a'], '1'), to(['b'], '2'), to([], '3'), to(['a'], '4')])
  await world.pass(100)
  assert.deepEqual(heard, ['1-2 LOG_FAILED', '4-4 LOG_FAILED', 'up to 4'])
})

test('a large batch is written in pieces, in order', async () => {
  const { world, heard, publisher } = await worldWith()
  const bodies = numbers(40).map((body) => body.padEnd(100 * KiB))
  publisher.publishBatch(bodies.map((body) => to(['a'], body)))
  await world.pass(2_000)
  assert.equal(heard.at(-1), 'up to 40')
  assert.deepEqual(await bodiesIn(world, 'a'), bodies)
})

test('what is wrong is refused before anything is taken', async () => {
  const { world, heard, publisher } = await worldWith({ fanOutMax: 10 })
  const many = numbers(9)
  const cases: [PublisherMessage, 'ARGUMENT' | 'LIMIT', RegExp][] = [
    [{ body: Buffer.from('') }, 'ARGUMENT', /queues is no array of names$/],
    [to(['a', 'a'], ''), 'ARGUMENT', /a queue is named twice$/],
    [to([...many, '1'], ''), 'ARGUMENT', /a queue is named twice$/],
    [to(numbers(11), ''), 'LIMIT', /11 queues named, limit 10$/],
    [to(['a'], '', { delayMs: -1 }), 'LIMIT', /delayMs is -1, limit \d+$/],
    [to(['a'], '', { properties: '' }), 'ARGUMENT', /body or properties is no Uint8Array$/],
  ]
  for (const [message, code, text] of cases) {
    assert.throws(() => publisher.publishBatch([to(['a'], 'x'), message]), refusal(code, text))
  }
  await world.pass(10)
  assert.deepEqual(heard, [])
  assert.equal(world.stats('a').ready, 0)
  assert.equal(publisher.publishBatch([to(['a'], 'x')]), 1)
})

test('a publisher with fixed queues takes no others', async () => {
  const { world } = await worldWith()
  const quiet = { onConfirmed: () => undefined, onRefused: () => undefined }
  const publisher = world.broker.publisher({ queues: ['a'], ...quiet })
  const fixed = refusal('ARGUMENT', /queues or delayMs, but its queues are fixed$/)
  assert.throws(() => publisher.publishBatch([to(['b'], '')]), fixed)
})

test('messages to many queues go to disk in groups that are not long in applying', async () => {
  const { world, heard, publisher } = await worldWith()
  const names = numbers(1_000).map((n) => `q${n}`)
  await world.do(Promise.all(names.map((name) => world.broker.declareQueue(name))))
  const { groups } = world.broker.stats()
  publisher.publishBatch(numbers(40).map((body) => to(names, body)))
  await world.pass(1_000)
  assert.deepEqual(heard, ['up to 40'])
  assert.ok(world.broker.stats().groups - groups >= 3)
  assert.deepEqual(await bodiesIn(world, 'q1000'), numbers(40))
})

test('what waits for room in the log does not need the given bytes any more', async () => {
  const { world, publisher } = await worldWith()
  const fixed = world.broker.publisher({
    ...{ queues: ['b'], onConfirmed: () => undefined },
    onRefused: (_from, _to, error) => assert.fail(error),
  })
  const bodies = Array.from({ length: 300 }, (_, n) => Buffer.alloc(1_000, n % 251))
  publisher.publishBatch(bodies.map((body) => ({ queues: ['a'], body })))
  fixed.publishBatch(bodies.map((body) => ({ body })))
  for (const body of bodies) body.fill(255)
  await world.pass(2_000)
  for (const queue of ['a', 'b']) {
    const there = await world.do(world.broker.peek(queue, { limit: 1_000 }))
    assert.equal(there.length, 300)
    for (const [n, { body }] of there.entries()) assert.equal(body[999], n % 251)
  }
})
