import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DiskCall } from '@hufu/os/simulated'
import type { Broker } from '../api.ts'
import { refusal, World } from '../engine/world.fixture.ts'
import { BrokerError } from '../errors.ts'

const SEGMENT_WRITE = (call: DiskCall) =>
  call.kind === 'write' && /\/[0-9a-f]{14}\.seg$/.test(call.path)

const FAILED = refusal('LOG_FAILED', /^Cannot write the log: /)

/** Bodies of a queue, however they stand there. */
async function bodies(world: World, queue: string): Promise<string[]> {
  const found = await world.do(world.broker.peek(queue, { limit: 1_000 }))
  return found.map(({ body }) => Buffer.from(body).toString())
}

function publish(broker: Broker, body: string): Promise<number> {
  return broker.publish({ queues: ['a'], body: Buffer.from(body) })
}

async function opened(seed: number): Promise<World> {
  const world = new World(seed)
  await world.open()
  await world.do(world.broker.declareQueue('a'))
  return world
}

test('a failed write fails all that waits and all that comes, once for all', async () => {
  const world = await opened(1)
  const taker = world.take('a')
  await world.publish('a', 'before')
  await world.pass(50)
  world.sim.disk.failAt(SEGMENT_WRITE, 'EIO')
  const waiting = [
    publish(world.broker, 'x'),
    publish(world.broker, 'y'),
    taker.subscription.settle([{ id: taker.last.id, outcome: 'done' }]),
    world.broker.declareQueue('b'),
  ]
  const outcomes = await world.do(Promise.allSettled(waiting))
  for (const outcome of outcomes) {
    assert.ok(outcome.status === 'rejected' && FAILED(outcome.reason), JSON.stringify(outcome))
  }
  const writes = world.sim.disk.counts.write
  await refusesEverything(world)
  await world.pass(60_000)
  assert.equal(world.sim.disk.counts.write, writes)
  assert.deepEqual(
    world.fatal.map(({ code }) => code),
    ['LOG_FAILED'],
  )
  assert.deepEqual(taker.bodies, ['before'])
})

async function refusesEverything({ broker }: World): Promise<void> {
  await assert.rejects(publish(broker, 'z'), FAILED)
  await assert.rejects(broker.declareQueue('c'), FAILED)
  await assert.rejects(broker.deleteQueue('a'), FAILED)
  await assert.rejects(broker.peek('a'), FAILED)
  await assert.rejects(broker.resolve('a', 1, 'remove'), FAILED)
  await assert.rejects(broker.backup('/copy'), FAILED)
  assert.throws(() => broker.subscribe('a', {}, () => undefined), FAILED)
}

test('publishes that wait for room are refused when the log fails', async () => {
  const world = await opened(2)
  // Before them: a large group goes to the disk while they are still being taken.
  world.sim.disk.failAt(SEGMENT_WRITE, 'EIO')
  const all = Array.from({ length: 600 }, (_, i) =>
    publish(world.broker, `${i} ${'x'.repeat(900)}`),
  )
  const outcomes = Promise.allSettled(all)
  for (const outcome of await world.do(outcomes)) {
    assert.ok(outcome.status === 'rejected' && FAILED(outcome.reason), JSON.stringify(outcome))
  }
})

test('close ends after a failure and lets go of the folder', async () => {
  const world = await opened(3)
  world.sim.disk.failAt(SEGMENT_WRITE, 'EIO')
  await assert.rejects(world.publish('a', 'x'), FAILED)
  await world.close()
  await world.open()
  assert.equal(world.broker.report.cleanStop, false)
})

test('without onFatal a failed write ends the process with the error', async () => {
  const world = await opened(4)
  await world.close()
  const { createBroker } = await import('../engine/open.ts')
  const broker = await world.do(createBroker({ dir: '/data/broker', os: world.os }))
  world.sim.disk.failAt(SEGMENT_WRITE, 'EIO')
  await assert.rejects(world.do(publish(broker, 'x')), /the process ended itself/)
  assert.ok(world.sim.crashError instanceof BrokerError)
  assert.equal(world.sim.crashError.code, 'LOG_FAILED')
})

for (const [what, match] of [
  ['a spare segment cannot be synced', { kind: 'sync' }],
  ['a segment cannot be renamed', { kind: 'rename' }],
  ['a folder cannot be synced', { kind: 'syncDir' }],
] as const) {
  test(`${what}: the log fails, and nothing confirmed is lost`, async () => {
    const world = await opened(5)
    world.sim.disk.failAt(match, 'EIO')
    const confirmed: string[] = []
    for (let i = 0; world.fatal.length === 0; i++) {
      assert.ok(i < 1_000, 'the fault was never hit')
      const body = `${i} ${'x'.repeat(900)}`
      await world.publish('a', body).then(
        () => confirmed.push(body),
        (error) => assert.ok(FAILED(error), String(error)),
      )
    }
    world.sim.crash({ keep: 'none' })
    await world.open()
    assert.deepEqual((await bodies(world, 'a')).slice(0, confirmed.length), confirmed)
  })
}

test('after a failed write nothing confirmed is lost, even where the page cache lied', async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const world = await opened(seed)
    const confirmed = await publishUntilFailure(world)
    // The page cache still shows what the disk has not.
    world.sim.kill()
    await world.open()
    const shown = await bodies(world, 'a')
    assert.deepEqual(shown.slice(0, confirmed.length), confirmed)
    const later = await world.publish('a', 'later').then(() => 'later')
    // What this life has shown must be on the disk itself.
    world.sim.crash({ keep: 'none' })
    await world.open()
    assert.deepEqual(await bodies(world, 'a'), [...shown, later])
  }
})

async function publishUntilFailure(world: World): Promise<string[]> {
  const confirmed: string[] = []
  const nth = 1 + world.sim.random.below(8)
  world.sim.disk.failAt(nthSegmentWrite(nth), 'EIO')
  const all: Promise<void>[] = []
  while (world.fatal.length === 0) {
    for (let i = world.sim.random.below(4); i >= 0; i--) {
      const body = `${all.length} ${'x'.repeat(world.sim.random.below(2_000))}`
      const said = publish(world.broker, body).then(() => void confirmed.push(body))
      all.push(said.catch((error) => assert.ok(FAILED(error), String(error))))
    }
    await world.pass(world.sim.random.next() * 3)
  }
  await world.do(Promise.all(all))
  return confirmed
}

function nthSegmentWrite(nth: number): (call: DiskCall) => boolean {
  let seen = 0
  return (call) => SEGMENT_WRITE(call) && ++seen === nth
}
