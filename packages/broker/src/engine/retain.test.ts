import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DiskCall } from '@hufu/os/simulated'
import { bodyOf, World } from './world.fixture.ts'

const KiB = 1024
const LIMITS = { segmentBytesMin: 4 * KiB, segmentBytesMax: 4 * KiB, checkpointBytes: 6 * KiB }

/** Queue `kept` has one message, in the first segment; all that comes through `flow` is settled. */
async function worldWithOld(): Promise<World> {
  const world = new World(1)
  await world.open(LIMITS)
  for (const queue of ['kept', 'flow']) await world.do(world.broker.declareQueue(queue))
  await world.publish('kept', 'old')
  // From here on its body is on the disk only.
  await world.killAndOpen(LIMITS)
  world.take('flow').settleAll()
  return world
}

async function flow(world: World, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await world.publish('flow', 'x'.repeat(500))
    await world.pass(2)
  }
}

const hasFirstSegment = (world: World) => {
  return world.sim.disk.files().includes('/data/broker/00000000000000.seg')
}

async function kept(world: World): Promise<string[]> {
  return (await world.do(world.broker.peek('kept'))).map(bodyOf)
}

test('what little lives in an old segment is copied forward, and the segment freed', async () => {
  const world = await worldWithOld()
  await flow(world, 100)
  assert.equal(hasFirstSegment(world), false)
  assert.deepEqual(await kept(world), ['old'])
})

test('a segment with what could not be copied gets another turn after a checkpoint', async () => {
  const world = await worldWithOld()
  let failed = 0
  const isBody = ({ kind, path, position = 0 }: DiskCall) =>
    kind === 'read' && path.endsWith('/00000000000000.seg') && position > 0 && ++failed > 0
  const heal = world.sim.disk.failAt(isBody, 'EIO', { once: false })
  await flow(world, 100)
  assert.ok(failed > 0 && world.warnings.length > 0, 'copying was tried')
  assert.ok(world.warnings.every((text) => / is not copied forward: /.test(text)))
  assert.equal(hasFirstSegment(world), true)
  heal()
  await flow(world, 100)
  assert.equal(hasFirstSegment(world), false)
  assert.deepEqual(await kept(world), ['old'])
  await world.killAndOpen(LIMITS)
  assert.deepEqual(await kept(world), ['old'])
})
