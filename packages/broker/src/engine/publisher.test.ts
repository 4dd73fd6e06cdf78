import assert from 'node:assert/strict'
import { test } from 'node:test'
import { numbers, refusal, World } from './world.fixture.ts'

interface Heard {
  confirmed: number[]
  refused: [from: number, to: number, code: string][]
}

async function worldWith(maxMessages = 1_000) {
  const world = new World()
  await world.open()
  await world.do(world.broker.declareQueue('a', { maxMessages }))
  const heard: Heard = { confirmed: [], refused: [] }
  const publisher = world.broker.publisher({
    queues: ['a'],
    onConfirmed: (upTo) => heard.confirmed.push(upTo),
    onRefused: (from, to, error) => {
      heard.refused.push([from, to, (error as Error & { code: string }).code])
    },
  })
  return { world, heard, publisher }
}

const bodies = (count: number, from = 1) =>
  numbers(count, from).map((body) => ({ body: Buffer.from(body) }))

test('messages are numbered in order and confirmed by number once they are on disk', async () => {
  const { world, heard, publisher } = await worldWith()
  assert.equal(publisher.publishBatch(bodies(3)), 3)
  assert.equal(publisher.publishBatch(bodies(2, 4)), 5)
  assert.deepEqual(heard.confirmed, [])
  await world.pass(100)
  assert.equal(heard.confirmed.at(-1), 5)
  const taker = world.take('a').settleAll()
  await world.pass(100)
  assert.deepEqual(taker.bodies, numbers(5))
})

test('what was confirmed is there after a kill', async () => {
  const { world, heard, publisher } = await worldWith()
  publisher.publishBatch(bodies(50))
  while (heard.confirmed.length === 0) await world.pass(0.1)
  await world.killAndOpen()
  assert.equal(world.stats('a').ready, 50)
})

test('a batch beyond the limit is refused as a whole, and its number is not used', async () => {
  const { world, heard, publisher } = await worldWith(4)
  publisher.publishBatch(bodies(3))
  assert.throws(() => publisher.publishBatch(bodies(2)), refusal('QUEUE_FULL', /holds 4 messages$/))
  assert.equal(publisher.publishBatch(bodies(1)), 4)
  await world.pass(100)
  assert.equal(heard.confirmed.at(-1), 4)
  assert.equal(world.stats('a').ready, 4)
})

test('when the log fails, what waits is refused by number', async () => {
  const { world, heard, publisher } = await worldWith()
  world.sim.disk.failAt({ kind: 'write' }, 'EIO')
  publisher.publishBatch(bodies(3))
  await world.pass(100)
  assert.deepEqual(heard.refused, [[1, 3, 'LOG_FAILED']])
  assert.equal(world.fatal.length, 1)
})

test('an unknown queue is refused when the publisher is made', async () => {
  const { world } = await worldWith()
  const options = { queues: ['b'], onConfirmed: () => undefined, onRefused: () => undefined }
  assert.throws(() => world.broker.publisher(options), refusal('QUEUE_UNKNOWN', /no queue b$/))
})

test('a callback that throws fails neither the log nor its neighbours', async () => {
  const { world } = await worldWith()
  const publisher = world.broker.publisher({
    queues: ['a'],
    onConfirmed: () => {
      throw new Error('mine')
    },
    onRefused: () => undefined,
  })
  publisher.publishBatch(bodies(1))
  await world.publish('a', 'neighbour')
  assert.match(world.warnings.join(), /A publisher's callback threw: Error: mine/)
  assert.deepEqual(world.fatal, [])
})

test('what is no Uint8Array is refused before anything is taken', async () => {
  const { world, publisher } = await worldWith()
  const wrong = [...bodies(1), { body: 'text' as unknown as Uint8Array }]
  const text = /body or properties is no Uint8Array$/
  assert.throws(() => publisher.publishBatch(wrong), refusal('ARGUMENT', text))
  await world.pass(10)
  assert.equal(world.stats('a').ready, 0)
})
