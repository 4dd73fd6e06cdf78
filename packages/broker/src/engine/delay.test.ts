import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Limits } from '../limits.ts'
import { refusal, type Taker, World } from './world.fixture.ts'

const HOUR = 3_600_000

async function worldWith(limits: Partial<Limits> = {}, seed = 1): Promise<World> {
  const world = new World(seed)
  await world.open(limits)
  await world.do(world.broker.declareQueue('a'))
  return world
}

/** Notes the broker's time of each delivery. */
function timed(world: World): { taker: Taker; times: Map<string, number> } {
  const taker = world.take('a')
  const times = new Map<string, number>()
  taker.onDelivery = (delivery) => {
    times.set(Buffer.from(delivery.body).toString(), world.broker.stats().time)
    void taker.subscription.settle([{ id: delivery.id, outcome: 'done' }])
  }
  return { taker, times }
}

test('delayed messages come in the order of their times, never early, soon after', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const world = await worldWith({}, seed)
    const { taker, times } = timed(world)
    const delays = Array.from({ length: 30 }, () => world.sim.random.next() * 5_000)
    const from = world.broker.stats().time
    await Promise.all([
      world.do(
        Promise.all(
          delays.map((delayMs, i) => {
            return world.broker.publish({ queues: ['a'], body: Buffer.from(String(i)), delayMs })
          }),
        ),
      ),
    ])
    assert.equal(world.stats('a').delayed, 30)
    await world.pass(10_000)
    assert.equal(taker.seen.length, 30)
    for (const [i, delayMs] of delays.entries()) {
      const late = times.get(String(i))! - from - delayMs
      assert.ok(late >= 0 && late < 100, `seed ${seed}: ${late} ms late`)
    }
  }
})

test('a delayed message is new when it comes, and does not hold up the others', async () => {
  const world = await worldWith()
  const taker = world.take('a')
  await world.publish('a', 'later', { delayMs: 1_000 })
  await world.publish('a', 'now')
  await world.pass(100)
  assert.deepEqual(taker.bodies, ['now'])
  await world.pass(2_000)
  assert.deepEqual(taker.bodies, ['now', 'later'])
  assert.deepEqual([taker.last.attempts, taker.last.redelivered], [0, false])
})

test('a delay of any length is waited for in full, above the limit of a timer too', async () => {
  const world = await worldWith()
  const taker = world.take('a')
  await world.publish('a', 'x', { delayMs: 399 * 24 * HOUR })
  await world.pass(399 * 24 * HOUR - 5_000)
  assert.equal(taker.seen.length, 0)
  await world.pass(10_000)
  assert.equal(taker.seen.length, 1)
})

test('delays survive a stop and a kill, and go on counting meanwhile', async () => {
  for (const end of ['close', 'kill'] as const) {
    const world = await worldWith()
    const from = world.broker.stats().time
    await world.publish('a', 'past', { delayMs: 5_000 })
    await world.publish('a', 'future', { delayMs: 20_000 })
    if (end === 'close') await world.close()
    else world.sim.kill()
    await world.pass(10_000)
    await world.open()
    assert.equal(world.stats('a').ready + world.stats('a').delayed, 2)
    const { taker, times } = timed(world)
    await world.pass(1_000)
    assert.deepEqual(taker.bodies, ['past'])
    await world.pass(30_000)
    assert.deepEqual(taker.bodies, ['past', 'future'])
    const late = times.get('future')! - from - 20_000
    assert.ok(late >= 0 && late < 100, `${late} ms late`)
  }
})

test('delays survive a kill when they are read back from a checkpoint', async () => {
  const tiny = { checkpointBytes: 4_096 }
  const world = await worldWith(tiny)
  await world.publish('a', 'x', { delayMs: 20_000 })
  await world.do(world.broker.declareQueue('b'))
  for (let i = 0; i < 100; i++) await world.publish('b', 'much'.repeat(100))
  await world.killAndOpen(tiny)
  const { taker } = timed(world)
  await world.pass(15_000)
  assert.deepEqual([taker.seen.length, world.stats('a').delayed], [0, 1])
  await world.pass(10_000)
  assert.deepEqual(taker.bodies, ['x'])
})

test('a clock that jumps delivers nothing early and loses no timer', async () => {
  for (const jump of [30 * 24 * HOUR, -30 * 24 * HOUR]) {
    const world = await worldWith()
    const { taker, times } = timed(world)
    const mono = world.sim.clock.elapsed
    await world.publish('a', 'before', { delayMs: 10_000 })
    world.sim.clock.jump(jump)
    await world.publish('a', 'after', { delayMs: 12_000 })
    await world.pass(9_900)
    assert.equal(taker.seen.length, 0)
    await world.pass(3_000)
    assert.deepEqual(taker.bodies, ['before', 'after'])
    assert.ok(world.sim.clock.elapsed - mono < 14_000)
    assert.ok(times.get('after')! >= times.get('before')!)
  }
})

test('a clock set back between two lives loses no timer: broker time never goes back', async () => {
  const world = await worldWith()
  const before = world.broker.stats().time
  await world.publish('a', 'x', { delayMs: 10_000 })
  world.sim.kill()
  world.sim.clock.jump(-30 * 24 * HOUR)
  await world.open()
  assert.ok(world.broker.stats().time >= before)
  const { taker } = timed(world)
  await world.pass(9_000)
  assert.equal(taker.seen.length, 0)
  await world.pass(2_000)
  assert.deepEqual(taker.bodies, ['x'])
})

test('beyond delayedMax a delayed publish is refused, in one turn too', async () => {
  const world = await worldWith({ delayedMax: 3 })
  const later = (delayMs: number) => {
    return world.broker.publish({ queues: ['a'], body: Buffer.from('x'), delayMs })
  }
  const results = await world.do(Promise.allSettled([1, 2, 3, 4, 5].map((s) => later(s * 1_000))))
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected'],
  )
  const full = refusal('LIMIT', /^Cannot publish to a: 3 messages are delayed already$/)
  await assert.rejects(world.do(later(1)), full)
  await world.publish('a', 'now')
  await world.pass(1_500)
  await world.do(later(1_000))
  await assert.rejects(world.do(later(1)), full)
})

test('a delayed message in several queues counts once for each', async () => {
  const world = await worldWith({ delayedMax: 3 })
  await world.do(world.broker.declareQueue('b'))
  const both = { queues: ['a', 'b'], body: Buffer.from('x'), delayMs: 1_000 }
  await world.do(world.broker.publish(both))
  const full = refusal('LIMIT', /3 messages are delayed already$/)
  await assert.rejects(world.do(world.broker.publish(both)), full)
  await world.publish('a', 'x', { delayMs: 1_000 })
})

test('delayed messages that were removed, or went with their queue, count no more', async () => {
  const world = await worldWith({ delayedMax: 4 })
  await world.do(world.broker.declareQueue('b'))
  for (const queue of ['a', 'a', 'b', 'b']) await world.publish(queue, 'x', { delayMs: HOUR })
  const [first] = await world.do(world.broker.peek('a'))
  await world.do(world.broker.resolve('a', first!.id, 'remove'))
  await world.do(world.broker.deleteQueue('b'))
  for (let i = 0; i < 3; i++) await world.publish('a', 'x', { delayMs: 1_000 })
  const full = refusal('LIMIT', /4 messages are delayed already$/)
  await assert.rejects(world.publish('a', 'x', { delayMs: 1_000 }), full)
  const taker = world.take('a')
  await world.pass(5_000)
  assert.equal(taker.seen.length, 3)
  await world.pass(HOUR)
  assert.equal(taker.seen.length, 4)
})
