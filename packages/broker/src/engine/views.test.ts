import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bodyOf, numbers, World } from './world.fixture.ts'

test('with views a delivery is told at once, from the broker’s memory', async () => {
  const world = new World()
  await world.open()
  await world.do(world.broker.declareQueue('q'))
  const bodies: string[] = []
  const kept: Uint8Array[] = []
  const batches: number[] = []
  const subscription = world.broker.subscribe('q', { views: true, credit: 2 }, (batch) => {
    batches.push(batch.length)
    for (const delivery of batch) {
      bodies.push(bodyOf(delivery))
      kept.push(delivery.body)
      // It takes effect within the same run.
      if (bodies.length === 2) subscription.setCredit(3)
    }
  })
  await world.publishAll('q', ['1', '2', '3', '4'])
  await world.pass(100)
  assert.deepEqual(bodies, ['1', '2', '3'])
  assert.deepEqual(batches, [1, 1, 1])
  assert.equal(kept[0]!.buffer, kept[2]!.buffer)
  const pulled = await world.do(subscription.pull())
  assert.equal(bodyOf(pulled!), '4')
  assert.notEqual(pulled!.body.buffer, kept[0]!.buffer)
})

test('large messages of one queue are delivered a few in a turn', async () => {
  const world = new World()
  await world.open({ segmentBytesMin: 8 << 20, segmentBytesMax: 8 << 20 })
  await world.do(world.broker.declareQueue('q'))
  const body = new Uint8Array(300_000)
  await world.do(Promise.all(numbers(10).map(() => world.broker.publish({ queues: ['q'], body }))))
  const batches: number[] = []
  world.broker.subscribe('q', {}, (batch) => batches.push(batch.length))
  await world.pass(1_000)
  assert.deepEqual(batches, [4, 4, 2])
})
