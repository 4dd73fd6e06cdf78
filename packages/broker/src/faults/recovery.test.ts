import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DiskCall } from '@hufu/os/simulated'
import { bodyOf, World } from '../engine/world.fixture.ts'
import { bytesOf } from '../log/entry.ts'
import { getU64 } from '../log/layout.ts'
import { changed, DIR, folderOf, segmentNames, worldOf } from './folder.fixture.ts'

const KiB = 1024
const LIMITS = { segmentBytesMin: 4 * KiB, segmentBytesMax: 4 * KiB, checkpointBytes: 6 * KiB }

async function bodies(world: World, queue: string): Promise<string[]> {
  return (await world.do(world.broker.peek(queue, { limit: 1_000 }))).map(bodyOf)
}

/** Queue `a` is drained at once, so that segments are freed; queue `b` keeps what it gets. */
class Work {
  readonly world: World
  readonly kept: string[] = []
  #count = 0

  constructor(world: World) {
    this.world = world
  }

  async open(): Promise<void> {
    const broker = await this.world.open(LIMITS)
    for (const queue of ['a', 'b']) await this.world.do(broker.declareQueue(queue))
    const taker = this.world.take('a')
    taker.onDelivery = ({ id }) => {
      taker.subscription.settle([{ id, outcome: 'done' }]).catch(() => undefined)
    }
  }

  /** Publishes until something has happened. */
  async until(happened: () => boolean): Promise<void> {
    for (let i = 0; !happened(); i++) {
      assert.ok(i < 500, 'it never happened')
      const queue = this.#count++ % 8 === 0 ? 'b' : 'a'
      const body = `${this.#count} ${'x'.repeat(500)}`
      const sent = this.world.publish(queue, body)
      const said = await sent.catch((error) => assert.equal(error.code, 'LOG_FAILED'))
      if (queue === 'b' && said !== undefined) this.kept.push(body)
      await this.world.pass(1)
    }
  }
}

test('a checkpoint only in the page cache is written anew before the other goes', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const world = new World(seed)
    const work = new Work(world)
    await work.open()
    // Each checkpoint syncs its blocks, then its header.
    const nth = 2 * (2 + world.sim.random.below(4))
    let syncs = 0
    const isNth = ({ kind, path }: DiskCall) =>
      kind === 'sync' && path.includes('/checkpoint-') && ++syncs === nth
    world.sim.disk.failAt(isNth, 'EIO')
    await work.until(() => world.fatal.length > 0)
    world.sim.kill()
    await work.open()
    await cutInNextCheckpoint(work)
    await world.open(LIMITS)
    const found = new Set(await bodies(world, 'b'))
    assert.deepEqual(
      work.kept.filter((body) => !found.has(body)),
      [],
    )
  }
})

/** Works on until the blocks of a checkpoint are on disk, and cuts the power before its header. */
async function cutInNextCheckpoint(work: Work): Promise<void> {
  const { sim, fatal } = work.world
  const before = fatal.length
  const isHeader = ({ kind, path, position, length }: DiskCall) =>
    kind === 'write' && path.includes('/checkpoint-') && position === 0 && length === 64
  sim.disk.failAt(isHeader, 'EIO')
  await work.until(() => fatal.length > before)
  sim.crash({ keep: 'none' })
}

test('a torn first group before a next segment confuses no later life', async () => {
  const origin = new World(1)
  await origin.open({ ...LIMITS, checkpointBytes: 2 ** 30 })
  await origin.do(origin.broker.declareQueue('a'))
  const all = Array.from({ length: 20 }, (_, i) => `${i} ${'x'.repeat(500)}`)
  for (const body of all) await origin.publish('a', body)
  await origin.pass(100)
  origin.sim.kill()
  const folder = folderOf(origin)
  const torn = segmentNames(folder).at(-2)!
  const world = await worldOf(changed(folder, torn, (bytes) => bytes.fill(0, 64)))
  await world.open(LIMITS)
  const kept = world.broker.report.messages
  assert.ok(kept > 5 && kept < 20)
  const taker = world.take('a').settleAll()
  for (let i = 0; i < 40; i++) await world.publish('a', `new ${i} ${'y'.repeat(500)}`)
  await world.pass(2_000)
  assert.equal(taker.seen.length, kept + 40)
  await taker.close()
  for (const body of all) await world.publish('a', body)
  await world.killAndOpen(LIMITS)
  assert.deepEqual(await bodies(world, 'a'), all)
  assert.deepEqual(world.broker.report.damaged, [])
})

test('a checkpoint at the very end of a segment keeps that segment', async () => {
  const world = new World(1)
  const limits = { segmentBytesMin: 4 * KiB, segmentBytesMax: 4 * KiB, checkpointBytes: 4 * KiB }
  await world.open(limits)
  await world.do(world.broker.declareQueue('a'))
  const taker = world.take('a')
  await world.publish('a', 'first')
  await world.pass(50)
  const { position } = await world.do(world.broker.backup('/copy'))
  // Group and entry headers, fixed fields and one queue number; then a settle of two.
  const rest = 4 * KiB - position - (40 + 16 + 24 + 4) - (40 + 16 + 2 * 8)
  await world.publish('a', 'x'.repeat(rest))
  await world.pass(50)
  await taker.done(...taker.seen)
  await world.publish('a', 'second')
  await world.pass(100)
  const header = bytesOf(world.sim.disk.contents(`${DIR}/checkpoint-a`))
  assert.equal(getU64(header.view, 24), 4 * KiB)
  await world.killAndOpen(limits)
  assert.deepEqual(await bodies(world, 'a'), ['second'])
})

test('a place that cannot be read stops neither the log nor the copying', async () => {
  const world = new World(1)
  const work = new Work(world)
  await work.open()
  await work.until(() => work.kept.length > 6)
  world.sim.kill()
  await work.open()
  let reads = 0
  const heal = world.sim.disk.failAt(
    ({ kind, path, position = 0 }) => {
      return kind === 'read' && path.endsWith('.seg') && position > 64 && ++reads > 0
    },
    'EIO',
    { once: false },
  )
  await work.until(() => reads > 3 || world.fatal.length > 0)
  await world.pass(1_000)
  heal()
  assert.deepEqual(world.fatal, [])
  assert.deepEqual(await bodies(world, 'b'), work.kept)
})
