import assert from 'node:assert/strict'
import { test } from 'node:test'
import { simulatedOs } from '@hufu/os/simulated'
import { createBroker } from '../engine/open.ts'

test('what was read ahead of the end of the log is not remembered as damage', async () => {
  const world = simulatedOs({ seed: 1 })
  const limits = { cacheBytes: 1 << 17, segmentBytesMin: 1 << 20 }
  const warnings: string[] = []
  const onWarning = (text: string) => warnings.push(text)
  const broker = await world.settle(createBroker({ dir: '/b', os: world.os, limits, onWarning }))
  await world.settle(broker.declareQueue('a'))
  const body = new Uint8Array(1_000)
  const publish = async (count: number) => {
    for (let i = 0; i < count; i++) await broker.publish({ queues: ['a'], body })
  }
  // The first is out of memory by now: for it a piece is read that ends behind the log's end.
  await world.settle(publish(150))
  let seen = 0
  let held: number | undefined
  const subscription = broker.subscribe('a', { credit: 1 }, (batch) => {
    seen += batch.length
    if (held === undefined) held = batch[0]!.id
    else void subscription.settle(batch.map(({ id }) => ({ id, outcome: 'done' })))
  })
  await world.run()
  assert.equal(seen, 1)
  // Written where that piece had nothing yet, and out of memory again before it is delivered.
  await world.settle(publish(450))
  subscription.setCredit(50)
  void subscription.settle([{ id: held!, outcome: 'done' }])
  await world.run()
  assert.deepEqual(warnings, [])
  assert.equal(seen, 600)
})
