import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DiskCall } from '@hufu/os/simulated'
import type { Peeked } from '../api.ts'
import type { QueueOptions } from '../options.ts'
import { bodyOf, numbers, World } from './world.fixture.ts'

async function worldWith(options: QueueOptions = {}, dead: QueueOptions = {}, seed = 1) {
  const world = new World(seed)
  await world.open()
  await world.do(world.broker.declareQueue('dead', dead))
  await world.do(world.broker.declareQueue('a', { deadLetter: 'dead', ...options }))
  return world
}

/** What kills the process at its second delivery too, the last one it may have; on disk only. */
async function poisonAtItsEnd(): Promise<World> {
  const world = await worldWith({ maxAttempts: 2 })
  await world.publish('a', 'poison')
  for (let life = 0; life < 2; life++) {
    world.take('a')
    await world.pass(100)
    await world.killAndOpen()
  }
  return world
}

/** The next so many reads fail. */
function failReads(world: World, count: number): void {
  let left = count
  const fails = ({ kind, path }: DiskCall) => {
    return kind === 'read' && path.endsWith('.seg') && left-- > 0
  }
  world.sim.disk.failAt(fails, 'EIO', { once: false })
}

const peek = (world: World, queue: string): Promise<Peeked[]> => world.do(world.broker.peek(queue))

/** A consumer that fails each delivery with `retry` after 1 ms, giving its number as cause. */
function failing(world: World, queue = 'a') {
  const taker = world.take(queue)
  taker.onDelivery = ({ id }) => {
    const cause = `failure ${taker.seen.length}`
    void taker.subscription.settle([{ id, outcome: 'retry', delayMs: 1, cause }])
  }
  return taker
}

test('after maxAttempts it is dead-lettered with causes, attempts and content', async () => {
  const world = await worldWith({ maxAttempts: 3 })
  const before = world.broker.stats().time
  const properties = Buffer.from('properties')
  const id = await world.publish('a', 'body', { properties })
  const taker = failing(world)
  await world.pass(1_000)
  assert.equal(taker.seen.length, 3)
  const { bytes, parked, ready, unsettled } = world.stats('a')
  assert.deepEqual(
    { bytes, parked, ready, unsettled },
    { bytes: 0, parked: 0, ready: 0, unsettled: 0 },
  )
  const dead = world.take('dead')
  await world.pass(100)
  const { deadLetter, attempts, redelivered } = dead.last
  assert.deepEqual([bodyOf(dead.last), attempts, redelivered], ['body', 0, false])
  assert.equal(Buffer.from(dead.last.properties).toString(), 'properties')
  assert.deepEqual([deadLetter?.queue, deadLetter?.id, deadLetter?.attempts], ['a', id, 3])
  assert.deepEqual(
    deadLetter?.history.map(({ cause }) => cause),
    ['failure 1', 'failure 2', 'failure 3'],
  )
  const times = deadLetter?.history.map(({ at }) => at) ?? []
  assert.ok(times.every((at, i) => at >= (times[i - 1] ?? before)) && times[2]! <= before + 1_000)
})

test('the last ten causes are kept, oldest first, over a restart too', async () => {
  const world = await worldWith({ maxAttempts: 14, retryFirstMs: 1, retryCapMs: 1 })
  await world.publish('a', 'body')
  const taker = failing(world)
  taker.onDelivery = ({ id }) => {
    const cause = `failure ${taker.seen.length}`
    const delayMs = taker.seen.length === 12 ? 5_000 : 1
    void taker.subscription.settle([{ id, outcome: 'retry', delayMs, cause }])
  }
  await world.pass(1_000)
  assert.equal(taker.seen.length, 12)
  await world.killAndOpen()
  const second = world.take('a')
  second.onDelivery = ({ id }) => {
    const cause = `failure ${12 + second.seen.length}`
    void second.subscription.settle([{ id, outcome: 'retry', delayMs: 1, cause }])
  }
  await world.pass(10_000)
  const [dead] = await peek(world, 'dead')
  assert.equal(dead?.deadLetter?.attempts, 14)
  assert.deepEqual(
    dead?.deadLetter?.history.map(({ cause }) => cause),
    numbers(10, 5).map((n) => `failure ${n}`),
  )
})

test('a cause of any length and content is kept, cut to 500 characters', async () => {
  const causes = ['x'.repeat(70_000), '💥'.repeat(40_000), 'half \ud83d surrogate', '"\u0000\n']
  for (const cause of causes) {
    const world = await worldWith({ maxAttempts: 2 })
    await world.publish('a', 'body')
    const taker = world.take('a')
    taker.onDelivery = ({ id }) => {
      void taker.subscription.settle([{ id, outcome: 'retry', delayMs: 1, cause }])
    }
    await world.pass(1_000)
    await world.killAndOpen()
    const [dead] = await peek(world, 'dead')
    const kept = [...cause].slice(0, 500).join('').toWellFormed()
    assert.deepEqual(
      dead?.deadLetter?.history.map((each) => each.cause),
      [kept, kept],
    )
  }
})

test('reject goes to the dead-letter queue at once; no cause given is said so', async () => {
  const world = await worldWith()
  await world.publish('a', 'x')
  const taker = world.take('a')
  await world.pass(100)
  await taker.settle({ id: taker.last.id, outcome: 'reject' })
  const [dead] = await peek(world, 'dead')
  assert.equal(dead?.deadLetter?.attempts, 1)
  assert.equal(dead?.deadLetter?.history[0]?.cause, 'no cause given')
  assert.equal(world.stats('a').parked, 0)
})

test('a settle that dead-letters resolves when the dead letter is on disk', async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const world = await worldWith({ maxAttempts: 1 }, {}, seed)
    await world.publish('a', 'x')
    const taker = world.take('a')
    await world.pass(100)
    await taker.settle({ id: taker.last.id, outcome: 'retry' })
    await world.killAndOpen()
    assert.deepEqual([world.stats('a').ready, world.stats('dead').ready], [0, 1])
  }
})

test('at whatever kill, a message is in its queue or dead-lettered, never both', async () => {
  const places = new Set<string>()
  for (let seed = 1; seed <= 150; seed++) {
    const world = await worldWith({ maxAttempts: 1 }, {}, seed)
    await world.publishAll('a', numbers(3))
    const taker = world.take('a')
    taker.onDelivery = ({ id }) => void taker.subscription.settle([{ id, outcome: 'retry' }])
    await world.pass(world.sim.random.next() * 3)
    await world.killAndOpen()
    const [here, there] = [await peek(world, 'a'), await peek(world, 'dead')]
    const bodies = [...here, ...there].map(bodyOf).sort()
    assert.deepEqual(bodies, numbers(3), `seed ${seed}`)
    places.add(`${here.length}+${there.length}`)
  }
  assert.ok(places.has('3+0') && places.has('0+3'), [...places].join(' '))
})

test('where the dead-letter queue is full the message is parked in its own', async () => {
  const world = await worldWith({ maxAttempts: 1 }, { maxMessages: 2 })
  await world.publishAll('a', numbers(5))
  failing(world)
  await world.pass(1_000)
  assert.deepEqual([world.stats('dead').ready, world.stats('a').parked], [2, 3])
  assert.deepEqual((await peek(world, 'dead')).map(bodyOf), ['1', '2'])
  assert.deepEqual((await peek(world, 'a')).map(bodyOf), ['3', '4', '5'])
})

test('what a full dead-letter queue left parked goes there when it fails again', async () => {
  const world = await worldWith({ maxAttempts: 1 }, { maxMessages: 1 })
  await world.publishAll('a', numbers(2))
  failing(world)
  await world.pass(1_000)
  const [first] = await peek(world, 'dead')
  const [parked] = await peek(world, 'a')
  await world.do(world.broker.resolve('dead', first!.id, 'remove'))
  await world.do(world.broker.resolve('a', parked!.id, 'deliver'))
  await world.pass(1_000)
  assert.deepEqual((await peek(world, 'dead')).map(bodyOf), ['2'])
  assert.equal(world.stats('a').parked, 0)
})

test('a dead-letter queue may dead-letter on to another, with the history of its own', async () => {
  const world = await worldWith()
  await world.do(world.broker.declareQueue('first', { deadLetter: 'a', maxAttempts: 1 }))
  await world.publish('first', 'x')
  failing(world, 'first')
  await world.pass(100)
  const taker = world.take('a')
  await world.pass(100)
  assert.equal(taker.last.deadLetter?.queue, 'first')
  await taker.settle({ id: taker.last.id, outcome: 'reject', cause: 'again' })
  const [dead] = await peek(world, 'dead')
  assert.deepEqual(
    [dead?.deadLetter?.queue, dead?.deadLetter?.history.map(({ cause }) => cause)],
    ['a', ['again']],
  )
})

/** More than the memory kept for the log holds, written and delivered by turns. */
async function largeWorld(): Promise<World> {
  const world = new World()
  await world.open({ cacheBytes: 64 * 1024 })
  await world.do(world.broker.declareQueue('dead'))
  await world.do(world.broker.declareQueue('a', { deadLetter: 'dead', maxAttempts: 1 }))
  return world
}

test('a dead letter whose bytes are on disk only is copied from there', async () => {
  const world = await largeWorld()
  const taker = world.take('a', { credit: 1_000 })
  const properties = Buffer.alloc(3_000)
  for (const body of numbers(200)) await world.publish('a', body, { properties })
  await world.pass(1_000)
  assert.equal(taker.seen.length, 200)
  await taker.settle(...taker.seen.map(({ id }) => ({ id, outcome: 'reject' }) as const))
  assert.deepEqual([world.stats('a').parked, world.stats('dead').ready], [0, 200])
  const dead = await world.do(world.broker.peek('dead', { limit: 1_000 }))
  assert.deepEqual(dead.map(bodyOf).sort(), numbers(200).sort())
})

test('what was read ahead before it was written is read anew, not taken for damaged', async () => {
  const world = await largeWorld()
  const properties = Buffer.alloc(3_000)
  for (const body of numbers(200)) {
    await world.publish('a', body, { properties })
    // Reads at and beyond the end of what is written.
    await world.do(world.broker.peek('a', { limit: 1 }))
  }
  const taker = world.take('a').settleAll()
  await world.pass(5_000)
  assert.deepEqual(taker.bodies, numbers(200))
  assert.deepEqual(world.warnings, [])
})

test('a read error that passes dead-letters all the same', async () => {
  for (const errors of [1, 3]) {
    const world = await poisonAtItsEnd()
    failReads(world, errors)
    world.take('a')
    await world.pass(3_000)
    assert.deepEqual((await peek(world, 'dead')).map(bodyOf), ['poison'])
    assert.deepEqual([world.stats('a').parked, world.warnings], [0, []])
  }
})

test('what cannot be read for over a second is parked, not dead-lettered', async () => {
  const world = await poisonAtItsEnd()
  failReads(world, 4)
  world.take('a')
  await world.pass(1_000)
  assert.equal(world.stats('a').parked, 0)
  await world.pass(2_000)
  assert.deepEqual([world.stats('a').parked, world.stats('dead').ready], [1, 0])
  assert.equal(world.warnings.length, 1)
})

test('a close waits for a dead letter whose read is tried again', async () => {
  const world = await poisonAtItsEnd()
  failReads(world, 3)
  world.take('a')
  await world.pass(50)
  await world.close()
  await world.open()
  assert.deepEqual([world.broker.report.cleanStop, world.stats('dead').ready], [true, 1])
  assert.deepEqual(world.warnings, [])
})
