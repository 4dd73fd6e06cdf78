import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { QueueOptions } from '../options.ts'
import { bodyOf, numbers, World } from './world.fixture.ts'

async function worldWith(options: QueueOptions = {}): Promise<World> {
  const world = new World()
  await world.open()
  await world.do(world.broker.declareQueue('dead'))
  await world.do(world.broker.declareQueue('a', options))
  return world
}

/** An orderly stop before anything comes up again. */
async function stopAndOpen(world: World): Promise<void> {
  await world.close()
  await world.open()
  assert.equal(world.broker.report.cleanStop, true)
}

test('what a kill caught in delivery is counted by an orderly stop behind it', async () => {
  const world = await worldWith()
  await world.publishAll('a', numbers(2))
  world.take('a', { credit: 1 })
  await world.pass(100)
  await world.killAndOpen()
  await stopAndOpen(world)
  const taker = world.take('a')
  await world.pass(100)
  const [one] = taker.seen
  assert.deepEqual([bodyOf(one!), one!.attempts, one!.redelivered], ['1', 1, true])
})

for (const deadLetter of [undefined, 'dead']) {
  const where = deadLetter ?? 'parked'
  test(`orderly stops between kills save no message from being given up: ${where}`, async () => {
    const world = await worldWith({ maxAttempts: 4, ...(deadLetter && { deadLetter }) })
    await world.publish('a', 'poison')
    let deliveries = 0
    for (let life = 0; life < 10; life++) {
      const taker = world.take('a')
      await world.pass(1_000)
      deliveries += taker.seen.length
      if (taker.seen.length > 0) {
        assert.equal(taker.last.attempts, life)
        await world.killAndOpen()
      }
      await stopAndOpen(world)
    }
    assert.equal(deliveries, 4)
    const [poison] = await world.do(world.broker.peek(deadLetter ?? 'a'))
    const { attempts, history } = poison!.deadLetter ?? poison!
    const cause = history.at(-1)?.cause
    assert.deepEqual([attempts, cause], [4, 'in delivery when the broker was killed'])
  })
}

test('a person may have what was given up so delivered once more', async () => {
  const world = await worldWith({ maxAttempts: 2 })
  const id = await world.publish('a', 'poison')
  for (let life = 0; life < 2; life++) {
    world.take('a')
    await world.pass(1_000)
    await world.killAndOpen()
    await stopAndOpen(world)
  }
  const taker = world.take('a')
  await world.pass(100)
  assert.deepEqual([taker.seen.length, world.stats('a').parked], [0, 1])
  await world.do(world.broker.resolve('a', id, 'deliver'))
  await world.pass(100)
  assert.equal(taker.seen.length, 1)
})

test('kills with orderly stops between them are in a row: then it is delivered alone', async () => {
  const world = await worldWith()
  await world.publishAll('a', numbers(3))
  const seen: number[] = []
  for (let life = 0; life < 4; life++) {
    const taker = world.take('a')
    await world.pass(1_000)
    seen.push(taker.seen.length)
    await world.killAndOpen()
    await stopAndOpen(world)
  }
  assert.deepEqual(seen, [3, 3, 1, 1])
})

/** Delivered, killed before anything more was written, and started with the clock set back. */
async function afterSetBack(ms: number, stops = 0) {
  const world = await worldWith()
  const taker = world.take('a')
  await world.publish('a', 'x', { delayMs: 10_000 })
  await world.pass(11_000)
  assert.equal(taker.seen.length, 1)
  world.sim.clock.jump(-ms)
  await world.killAndOpen()
  for (let stop = 0; stop < stops; stop++) await stopAndOpen(world)
  const again = world.take('a')
  await world.pass(1_000)
  assert.equal(again.seen.length, 0, 'by the clock it is not due')
  await world.pass(10_000)
  const { attempts, redelivered } = again.last
  return { attempts, redelivered }
}

test('where the clock stands before what the log knows, delayed messages count too', async () => {
  assert.deepEqual(await afterSetBack(60_000), { attempts: 1, redelivered: true })
})

test('where a clock set back a little hides an attempt, the message is still flagged', async () => {
  for (const stops of [0, 1, 2]) {
    const found = await afterSetBack(5_000, stops)
    assert.deepEqual(found, { attempts: 0, redelivered: true }, `${stops} orderly stops between`)
  }
})

test('what came in after a kill is new, also behind an orderly stop', async () => {
  const world = await worldWith()
  world.take('a')
  await world.pass(100)
  await world.killAndOpen()
  await world.publish('a', 'x', { delayMs: 1_000 })
  await stopAndOpen(world)
  const taker = world.take('a')
  await world.pass(2_000)
  assert.deepEqual([taker.last.attempts, taker.last.redelivered], [0, false])
})

test('too many to be marked one by one: the stop counts as none in order', async () => {
  const world = await worldWith()
  const count = 100_100
  const bodies = Array.from({ length: 1_000 }, () => ({ body: new Uint8Array(1) }))
  const [onConfirmed, onRefused] = [() => undefined, () => assert.fail('refused')]
  const publisher = world.broker.publisher({ queues: ['a'], onConfirmed, onRefused })
  const credit = 60_000
  const takers = [world.take('a', { credit }), world.take('a', { credit })]
  for (let sent = 0; sent < count; sent += bodies.length) {
    publisher.publishBatch(bodies)
    await world.pass(20)
  }
  await world.pass(1_000)
  assert.ok(takers[0]!.seen.length + takers[1]!.seen.length > 100_000)
  await world.killAndOpen()
  await world.close()
  await world.open()
  assert.equal(world.broker.report.cleanStop, false)
  const taker = world.take('a', { credit: 500 })
  await world.pass(100)
  const { attempts, redelivered } = taker.last
  assert.deepEqual({ attempts, redelivered }, { attempts: 1, redelivered: true })
})
