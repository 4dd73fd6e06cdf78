import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Delivery } from '../api.ts'
import { bodyOf, numbers, refusal, type Taker, World } from './world.fixture.ts'

async function worldWith(bodies: readonly string[], limits = {}): Promise<World> {
  const world = new World()
  await world.open(limits)
  await world.do(world.broker.declareQueue('a', { retryFirstMs: 1_000 }))
  await world.publishAll('a', bodies)
  return world
}

const pulled = async (world: World, taker: Taker): Promise<Delivery | undefined> => {
  return world.do(taker.subscription.pull())
}

test('with credit 0 nothing is pushed; each pull gets the next one, then none', async () => {
  const world = await worldWith(numbers(2))
  const taker = world.take('a', { credit: 0 })
  await world.pass(100)
  assert.deepEqual(taker.seen, [])
  assert.equal(bodyOf((await pulled(world, taker))!), '1')
  assert.equal(bodyOf((await pulled(world, taker))!), '2')
  assert.equal(await pulled(world, taker), undefined)
  assert.equal(world.stats('a').unsettled, 2)
})

test('what is pulled is settled like any other, or goes back with its subscription', async () => {
  const world = await worldWith(numbers(2))
  const taker = world.take('a', { credit: 0 })
  const [one, two] = [(await pulled(world, taker))!, (await pulled(world, taker))!]
  await taker.done(one)
  await taker.close()
  const other = world.take('a', { credit: 0 })
  const again = (await pulled(world, other))!
  assert.deepEqual([again.id, again.redelivered, again.attempts], [two.id, true, 0])
  assert.equal(await pulled(world, other), undefined)
})

test('several pulls at once get one message each', async () => {
  const world = await worldWith(numbers(3))
  const { subscription } = world.take('a', { credit: 0 })
  const all = await world.do(Promise.all(numbers(5).map(() => subscription.pull())))
  assert.deepEqual(
    all.map((one) => one && bodyOf(one)),
    ['1', '2', '3', undefined, undefined],
  )
})

test('a pull waits for the disk where the message is not in memory', async () => {
  const bodies = numbers(40).map((body) => body.padEnd(2_000))
  const world = await worldWith(bodies, { cacheBytes: 1 })
  await world.killAndOpen({ cacheBytes: 1 })
  const taker = world.take('a', { credit: 0 })
  for (const body of bodies) assert.equal(bodyOf((await pulled(world, taker))!), body)
  assert.equal(await pulled(world, taker), undefined)
})

test('a pull gets nothing of what is delayed, aside, or delivered alone', async () => {
  const world = await worldWith([])
  await world.publish('a', 'later', { delayMs: 1_000 })
  const taker = world.take('a', { credit: 0, keyOrder: true })
  assert.equal(await pulled(world, taker), undefined)
  await world.publishAll('a', ['1', '2'], 'key')
  const one = (await pulled(world, taker))!
  assert.equal(await pulled(world, taker), undefined)
  await taker.done(one)
  assert.equal(bodyOf((await pulled(world, taker))!), '2')
})

test('pushed deliveries stay within the credit, pulled ones are beyond it', async () => {
  const world = await worldWith(numbers(5))
  const taker = world.take('a', { credit: 2 })
  await world.pass(100)
  assert.deepEqual(taker.bodies, ['1', '2'])
  assert.equal(bodyOf((await pulled(world, taker))!), '3')
  await taker.done(taker.seen[0]!)
  await world.pass(100)
  assert.deepEqual(taker.bodies, ['1', '2'])
  await taker.done(taker.seen[1]!)
  await world.pass(100)
  assert.deepEqual(taker.bodies, ['1', '2', '4'])
})

test('a pull that waits is answered when the subscription closes, or the log fails', async () => {
  const world = await worldWith(['x'])
  await world.killAndOpen({ cacheBytes: 1 })
  const one = world.take('a', { credit: 0 })
  const waiting = one.subscription.pull()
  const closing = one.subscription.close()
  assert.equal(await world.do(waiting), undefined)
  await world.do(closing)
  const closed = refusal('SUBSCRIPTION_CLOSED', /^Cannot pull from a: the subscription is closed$/)
  await assert.rejects(world.do(one.subscription.pull()), closed)
  // It needs a reach entry or a mark on disk first.
  world.sim.disk.failAt({ kind: 'write', nth: 1 }, 'EIO')
  const other = world.take('a', { credit: 0 })
  await assert.rejects(pulled(world, other), refusal('LOG_FAILED', /^Cannot write the log/))
})

test('a delivery that a kill cut off after a pull counts as an attempt', async () => {
  const world = await worldWith(['x'])
  await pulled(world, world.take('a', { credit: 0 }))
  await world.killAndOpen()
  const again = (await pulled(world, world.take('a', { credit: 0 })))!
  assert.deepEqual([again.attempts, again.redelivered], [1, true])
})
