import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusal, World } from '../engine/world.fixture.ts'
import { BrokerError } from '../errors.ts'
import type { Limits } from '../limits.ts'

const KiB = 1024
const SEGMENTS = { segmentBytesMin: 8 * KiB, segmentBytesMax: 32 * KiB, cacheBytes: 1 }
const FULL = refusal('LOG_FULL', /^Cannot publish: the disk has no room for another segment$/)

/** Publishes until the disk is full; returns how many messages were taken. */
async function fill(world: World, bytes: number): Promise<number> {
  for (let count = 0; ; count++) {
    assert.ok(count < 10_000, 'it is never full')
    try {
      await world.publish('a', 'x'.repeat(bytes))
    } catch (error) {
      assert.ok(FULL(error), String(error))
      return count
    }
  }
}

/** Takes `count` messages out, one settle at a time where `credit` is 1. */
async function drain(world: World, count: number, credit: number): Promise<void> {
  const taker = world.take('a', { credit })
  let settled = 0
  const all = new Promise<void>((resolve) => {
    taker.onDelivery = ({ id }) => {
      taker.subscription.settle([{ id, outcome: 'done' }]).then(() => {
        if (++settled === count) resolve()
      })
    }
  })
  await world.do(Promise.race([all, timeout(world, 600_000)]))
  assert.equal(settled, count)
  await taker.close()
}

function timeout(world: World, ms: number): Promise<void> {
  return new Promise((resolve) => world.os.clock.timer(ms, resolve))
}

async function opened(capacityBytes: number, limits: Partial<Limits> = {}): Promise<World> {
  const world = new World(1, { capacityBytes })
  await world.open({ ...SEGMENTS, ...limits })
  await world.do(world.broker.declareQueue('a', { retryFirstMs: 1 }))
  return world
}

async function publishable(world: World, bytes: number, queue = 'a'): Promise<void> {
  for (let tries = 0; tries < 5; tries++) {
    const outcome = await world.publish(queue, 'x'.repeat(bytes)).catch((error) => error)
    if (!(outcome instanceof BrokerError)) return
    assert.ok(FULL(outcome), String(outcome))
    await world.pass(1_000)
  }
  assert.fail('it is still full')
}

for (const bytes of [40, 300, 2_000]) {
  for (const credit of [1, 50]) {
    for (const [what, capacity, limits] of [
      ['disk', 400 * KiB, {}],
      ['logBytesMax', 2 ** 30, { logBytesMax: 256 * KiB }],
    ] as const) {
      test(`${what} full of ${bytes} bytes each, drained by ${credit}, takes more`, async () => {
        const world = await opened(capacity, limits)
        let most = 0
        for (let round = 0; round < 3; round++) {
          const count = await fill(world, bytes)
          // The group's header, the entry's, and the fixed fields come with each.
          assert.ok(count * (bytes + 84) > 80 * KiB && count > most / 3, `${count} messages`)
          most = Math.max(most, count)
          await drain(world, world.stats('a').ready, credit)
          await publishable(world, bytes)
        }
        assert.deepEqual(world.fatal, [])
      })
    }
  }
}

/** Another program takes all that is left. */
async function hog(world: World): Promise<void> {
  const { disk } = world.os
  const file = await world.do(disk.open('/hog', { create: true }))
  const free = await world.do(disk.freeBytes('/'))
  await world.do(file.write(new Uint8Array(free), 0))
  await world.do(file.close())
}

test('a broker is opened on a full disk, and drained it takes publishes again', async () => {
  const world = await opened(400 * KiB)
  const count = await fill(world, 300)
  await hog(world)
  for (const restart of ['kill', 'close']) {
    if (restart === 'close') await world.close()
    await world.killAndOpen(SEGMENTS)
    assert.equal(world.broker.report.messages, count)
    await assert.rejects(
      fill(world, 4_000).then((taken) => world.publish('a', `${taken}`)),
      FULL,
    )
  }
  await drain(world, count, 1)
  await publishable(world, 300)
  assert.deepEqual(world.fatal, [])
})

test('an idle broker takes publishes again once others have left the disk', async () => {
  const world = await opened(2 ** 20)
  await hog(world)
  await fill(world, 300)
  await world.pass(5_000)
  await world.do(world.os.disk.remove('/hog'))
  await publishable(world, 300)
  assert.equal(world.broker.stats().noSpace, false)
})

test('a message too large for what is left is refused, smaller ones are not', async () => {
  const world = await opened(400 * KiB)
  await assert.rejects(world.publish('a', 'x'.repeat(200 * KiB)), FULL)
  for (let i = 0; i < 20; i++) await world.publish('a', 'x'.repeat(300))
  world.sim.disk.capacityBytes = 2 ** 30
  await publishable(world, 200 * KiB)
})

test('on a full disk retries, dead letters, declares and deletes go on', async () => {
  const world = await opened(400 * KiB)
  await world.do(world.broker.declareQueue('dead'))
  await world.do(
    world.broker.declareQueue('b', { maxAttempts: 2, retryFirstMs: 1, deadLetter: 'dead' }),
  )
  await world.publish('b', 'bad')
  await fill(world, 300)
  const taker = world.take('b')
  taker.onDelivery = ({ id }) => void taker.subscription.settle([{ id, outcome: 'retry' }])
  await world.pass(10_000)
  const kept = world.stats('b').parked + world.stats('dead').ready
  assert.equal(kept, 1)
  await world.do(world.broker.declareQueue('c'))
  assert.ok((await world.do(world.broker.deleteQueue('a'))) > 0)
  await publishable(world, 300, 'c')
})

test('a fresh folder on a full disk is a clear error, and opens once there is room', async () => {
  const world = new World(1, { capacityBytes: 4 * KiB })
  const unusable = refusal('FOLDER_UNUSABLE', /^Cannot open broker folder .*ENOSPC/)
  await assert.rejects(world.open(SEGMENTS), unusable)
  world.sim.disk.capacityBytes = 2 ** 30
  await world.open(SEGMENTS)
  await world.do(world.broker.declareQueue('a'))
  await world.publish('a', 'x')
})

test('with the reserve used up too, close says so and lets go of the folder', async () => {
  const world = await opened(400 * KiB)
  const count = await fill(world, 300)
  const taker = world.take('a', { credit: 1 })
  let puts = 0
  // Each word takes room, and none of them frees any.
  taker.onDelivery = ({ id }) => {
    const put = taker.subscription.settle([{ id, outcome: 'later', delayMs: 0 }])
    put.then(
      () => puts++,
      (error) => assert.equal(error.code, 'LOG_FULL'),
    )
  }
  for (let before = -1; before < puts; ) {
    before = puts
    await world.pass(10_000)
  }
  assert.ok(puts > 50, `${puts} words`)
  await assert.rejects(world.close(), refusal('LOG_FULL', /^Cannot end the log: it has no room$/))
  assert.deepEqual(world.fatal, [])
  await world.open(SEGMENTS)
  assert.equal(world.broker.report.messages, count)
})
