import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { QueueOptions } from '../options.ts'
import { numbers, refusal, type Taker, World } from './world.fixture.ts'

async function worldWith(options: QueueOptions = {}): Promise<World> {
  const world = new World()
  await world.open()
  await world.do(world.broker.declareQueue('a', options))
  return world
}

const counts = (...takers: Taker[]) => takers.map(({ seen }) => seen.length)

test('the consumer with the higher priority gets first, while it has credit', async () => {
  const world = await worldWith()
  const low = world.take('a', { credit: 2 })
  const high = world.take('a', { credit: 2, priority: 1 })
  const lowest = world.take('a', { credit: 10, priority: -5 })
  await world.publishAll('a', numbers(5))
  await world.pass(10)
  assert.deepEqual([high.bodies, low.bodies, lowest.bodies], [['1', '2'], ['3', '4'], ['5']])
  await high.done(high.last)
  await world.publish('a', '6')
  await world.pass(10)
  assert.deepEqual(high.bodies, ['1', '2', '6'])
})

test('within a priority it goes round', async () => {
  const world = await worldWith()
  const options = [{ priority: 1 }, {}, { priority: 1 }, { priority: 1 }, {}]
  const takers = options.map((one) => world.take('a', { credit: 30, ...one }))
  await world.publishAll('a', numbers(120))
  await world.pass(100)
  assert.deepEqual(counts(...takers), [30, 15, 30, 30, 15])
  await world.publishAll('a', numbers(2))
  await takers[0]!.done(...takers[0]!.seen.slice(0, 2))
  await world.pass(10)
  assert.deepEqual(counts(...takers), [32, 15, 30, 30, 15])
})

test('an exclusive consumer is alone; who only pulls is in nobody’s way', async () => {
  const world = await worldWith()
  const pulls = world.take('a', { credit: 0, pullOnly: true })
  const one = world.take('a', { exclusive: true })
  const taken = refusal('QUEUE_IN_USE', /^Cannot subscribe to a: a consumer has it for itself$/)
  assert.throws(() => world.take('a'), taken)
  assert.throws(() => world.take('a', { exclusive: true }), taken)
  await world.pass(10)
  await world.publish('a', '1')
  await world.pass(10)
  assert.deepEqual(counts(one, pulls), [1, 0])
  assert.equal(await world.do(pulls.subscription.pull()), undefined)
  one.subscription.leave()
  const two = world.take('a')
  const text = /^Cannot subscribe to a: it has 1 other consumers$/
  assert.throws(() => world.take('a', { exclusive: true }), refusal('QUEUE_IN_USE', text))
  await world.publish('a', '2')
  await world.pass(10)
  assert.deepEqual(two.bodies, ['2'])
  // What it has it may still settle.
  await one.done(one.last)
  await one.close()
  assert.equal(world.stats('a').unsettled, 1)
})

test('of a single active consumer the next takes over when it is closed, in order', async () => {
  const world = await worldWith({ singleActive: true })
  const active: string[] = []
  const take = (name: string, more = {}) => {
    return world.take('a', { credit: 2, onActive: () => active.push(name), ...more })
  }
  const first = take('first')
  const second = take('second')
  const urgent = take('urgent', { priority: 1 })
  const pulls = world.take('a', { credit: 5, pullOnly: true })
  await world.publishAll('a', numbers(4))
  await world.pass(10)
  assert.deepEqual(active, ['first'])
  assert.deepEqual(
    [first.bodies, counts(second, urgent, pulls)],
    [
      ['1', '2'],
      [0, 0, 0],
    ],
  )
  await first.close()
  await world.pass(10)
  assert.deepEqual(active, ['first', 'urgent'])
  assert.deepEqual(urgent.bodies, ['1', '2'])
  urgent.subscription.leave()
  await world.pass(10)
  assert.deepEqual([active.at(-1), second.bodies], ['second', ['3', '4']])
  await urgent.done(...urgent.seen)
  await urgent.close()
  await second.close()
  assert.equal(world.stats('a').ready, 2)
})

test('what a closed consumer had is delivered again before what comes behind it', async () => {
  const world = await worldWith()
  const one = world.take('a', { credit: 3 })
  await world.publishAll('a', numbers(5))
  await world.pass(10)
  const closing = one.subscription.close()
  const two = world.take('a', { credit: 5 })
  await world.do(closing)
  await world.pass(10)
  assert.deepEqual(two.bodies, numbers(5))
  assert.deepEqual(
    two.seen.map(({ redelivered, attempts }) => [redelivered, attempts]),
    [
      [true, 0],
      [true, 0],
      [true, 0],
      [false, 0],
      [false, 0],
    ],
  )
})

test('a callback that throws is a warning', async () => {
  const world = await worldWith({ singleActive: true })
  world.take('a', {
    onActive: () => {
      throw new Error('mine')
    },
  })
  await world.pass(10)
  assert.match(world.warnings.join(), /A consumer of a threw: Error: mine/)
})
