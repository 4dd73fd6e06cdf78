import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { QueueOptions } from '../options.ts'
import { bodyOf, numbers, type Taker, World } from './world.fixture.ts'

const COUNTS: QueueOptions = { countRequeues: true, maxAttempts: 3 }

async function worldWith(options: QueueOptions = COUNTS, bodies: readonly string[] = ['x']) {
  const world = new World()
  await world.open()
  await world.do(world.broker.declareQueue('dead'))
  await world.do(world.broker.declareQueue('a', options))
  await world.publishAll('a', bodies)
  return world
}

async function putBack(world: World, taker: Taker): Promise<void> {
  await taker.settle({ id: taker.last.id, outcome: 'requeue' })
  await world.pass(100)
}

function attemptsOf({ seen }: Taker): number[] {
  return seen.map(({ attempts }) => attempts)
}

test('what is put back counts, and is parked when it was delivered maxAttempts times', async () => {
  const world = await worldWith(COUNTS, ['x', 'y'])
  const taker = world.take('a', { credit: 1 })
  await world.pass(100)
  for (let i = 0; i < 3; i++) await putBack(world, taker)
  assert.deepEqual(taker.bodies, ['x', 'x', 'x', 'y'], 'in its place until it is given up')
  assert.deepEqual(attemptsOf(taker), [0, 1, 2, 0])
  assert.equal(world.stats('a').parked, 1)
  const [parked] = await world.do(world.broker.peek('a'))
  assert.deepEqual(
    [bodyOf(parked!), parked!.attempts, parked!.history[0]?.cause],
    ['x', 3, 'put back more often than its queue allows'],
  )
})

test('with a dead-letter queue it goes there', async () => {
  const world = await worldWith({ ...COUNTS, deadLetter: 'dead' })
  const taker = world.take('a', { credit: 1 })
  await world.pass(100)
  for (let i = 0; i < 3; i++) await putBack(world, taker)
  assert.deepEqual([world.stats('a').bytes, world.stats('dead').ready], [0, 1])
  const [dead] = await world.do(world.broker.peek('dead'))
  assert.equal(dead?.deadLetter?.attempts, 3)
})

test('the router is told: delivery_limit', async () => {
  const world = await worldWith({ ...COUNTS, routeDeadLetters: true })
  const reasons: string[] = []
  world.broker.setDeadLetterRouter(({ reason }) => {
    reasons.push(reason)
    return 'park'
  })
  const taker = world.take('a', { credit: 1 })
  await world.pass(100)
  for (let i = 0; i < 3; i++) await putBack(world, taker)
  assert.deepEqual(reasons, ['delivery_limit'])
})

test('what a consumer leaves behind counts too', async () => {
  const world = await worldWith()
  for (const attempts of [0, 1, 2]) {
    const taker = world.take('a')
    await world.pass(100)
    assert.deepEqual(attemptsOf(taker), [attempts])
    await taker.close()
  }
  await world.pass(100)
  assert.equal(world.stats('a').parked, 1)
})

test('what nobody has begun with does not count', async () => {
  const world = await worldWith()
  const taker = world.take('a', { credit: 1 })
  await world.pass(100)
  for (let i = 0; i < 5; i++) {
    await taker.settle({ id: taker.last.id, outcome: 'requeue', unseen: true })
    await world.pass(100)
  }
  assert.deepEqual(attemptsOf(taker), [0, 0, 0, 0, 0, 0])
})

test('what a consumer was not given before it closed does not count', async () => {
  const world = await worldWith(COUNTS, ['x', 'y'])
  const first = world.take('a', { credit: 1 })
  const second = world.take('a', { credit: 1 })
  // Both are in one turn, and the first one closes the other before that one is given its own.
  first.onDelivery = () => void second.subscription.close()
  second.onDelivery = () => void first.subscription.close()
  await world.pass(100)
  assert.equal(first.seen.length + second.seen.length, 1)
  const third = world.take('a')
  await world.pass(100)
  assert.deepEqual(attemptsOf(third), [0])
})

test('maxAttempts 0: counted, and never given up', async () => {
  const world = await worldWith({ countRequeues: true, maxAttempts: 0 })
  const taker = world.take('a', { credit: 1 })
  await world.pass(100)
  for (let i = 0; i < 30; i++) await putBack(world, taker)
  assert.equal(taker.last.attempts, 30)
})

test('nothing overtakes what is put back, whatever the disk takes', async () => {
  const world = new World(1, { diskLatencyMs: [5, 20] })
  await world.open()
  await world.do(world.broker.declareQueue('a', { countRequeues: true, maxAttempts: 0 }))
  await world.publishAll('a', numbers(4))
  const taker = world.take('a', { credit: 2 })
  await world.pass(500)
  const [one, two] = taker.seen
  await taker.settle({ id: two!.id, outcome: 'done' }, { id: one!.id, outcome: 'requeue' })
  await world.pass(500)
  assert.deepEqual(taker.bodies, ['1', '2', '1', '3'])
})

test('the count is on disk before it comes again: kills save nothing from its limit', async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const world = new World(seed, { diskLatencyMs: [1, 5] })
    await world.open()
    await world.do(world.broker.declareQueue('a', { countRequeues: true, maxAttempts: 6 }))
    await world.publish('a', 'poison')
    let deliveries = 0
    for (let life = 0; life < 12; life++) {
      const taker = world.take('a')
      taker.onDelivery = ({ id, attempts }) => {
        deliveries++
        assert.ok(attempts >= deliveries - 1, `seed ${seed}: ${deliveries} with ${attempts}`)
        void taker.subscription.settle([{ id, outcome: 'requeue' }]).catch(() => undefined)
      }
      await world.pass(3 + ((seed * 7 + life * 5) % 11))
      await world.killAndOpen()
    }
    assert.ok(deliveries <= 6, `seed ${seed}: ${deliveries} deliveries`)
    await world.pass(100)
    assert.equal(world.stats('a').ready + world.stats('a').parked, 1)
  }
})

test('in a batch it counts when that is committed', async () => {
  const world = await worldWith()
  const taker = world.take('a', { credit: 1 })
  await world.pass(100)
  const requeue = { id: taker.last.id, outcome: 'requeue' } as const
  const dropped = world.broker.batch()
  dropped.settle(taker.subscription, [requeue])
  await world.do(dropped.rollback())
  for (const attempts of [1, 2]) {
    const batch = world.broker.batch()
    batch.settle(taker.subscription, [requeue])
    await world.do(batch.commit())
    await world.pass(100)
    assert.equal(taker.last.attempts, attempts)
  }
  const last = world.broker.batch()
  last.settle(taker.subscription, [requeue])
  await world.do(last.commit())
  await world.pass(100)
  assert.deepEqual([taker.seen.length, world.stats('a').parked], [3, 1])
})

test('a limit that is lower than the count gives it up before it comes again', async () => {
  const world = await worldWith({ countRequeues: true, maxAttempts: 0 })
  const taker = world.take('a')
  await world.pass(100)
  await putBack(world, taker)
  await taker.close()
  await world.do(world.broker.changeQueue('a', { countRequeues: true, maxAttempts: 2 }))
  const next = world.take('a')
  await world.pass(100)
  assert.deepEqual([next.seen.length, world.stats('a').parked], [0, 1])
  const [parked] = await world.do(world.broker.peek('a'))
  await world.do(world.broker.resolve('a', parked!.id, 'deliver'))
  await world.pass(100)
  assert.equal(next.seen.length, 1, 'but where a person wants it')
  await next.close()
  assert.equal(world.stats('a').parked, 1)
})

test('the count survives restarts and checkpoints', async () => {
  const world = await worldWith()
  const taker = world.take('a', { credit: 1 })
  await world.pass(100)
  await putBack(world, taker)
  await world.close()
  await world.open()
  const again = world.take('a')
  await world.pass(100)
  assert.equal(again.last.attempts, 2, 'closing the broker ended its consumer')
})
