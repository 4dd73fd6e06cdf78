import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { World } from '../engine/world.fixture.ts'
import { changed, DIR, type Folder, folderOf, worldOf } from '../faults/folder.fixture.ts'
import { smallLog } from '../faults/small-log.fixture.ts'
import { noteStop } from './manifest.ts'

const SEGMENT = '00000000000000.seg'
const LIMITS = { segmentBytesMin: 8 * 1024 }

const killed = await smallLog('kill')
const stopped = await smallLog('clean')

async function opened(folder: Folder): Promise<World> {
  const world = await worldOf(folder)
  await world.open(LIMITS)
  return world
}

test('a segment shorter than its header says is damage, reported once and made good', async () => {
  const { end } = killed.groups[3]!
  const short = new Map(killed.folder).set(SEGMENT, killed.segment.subarray(0, end - 9))
  const world = await opened(short)
  const bytes = killed.segment.length - (end - 9)
  assert.deepEqual(world.broker.report.damaged, [{ segment: SEGMENT, position: end - 9, bytes }])
  assert.equal(world.warnings.length, 1)
  assert.equal(folderOf(world).get(SEGMENT)!.length, killed.segment.length)
  await world.killAndOpen(LIMITS)
  assert.deepEqual(world.broker.report.damaged, [])
})

test('the files of a backup have their full length, zeros behind the log', async () => {
  const world = await opened(stopped.folder)
  await world.do(world.broker.backup('/data/copy'))
  world.sim.kill()
  const copies = world.sim.disk.files().filter((path) => path.startsWith('/data/copy/'))
  const backup = new Map(
    copies.map((path) => [path.slice('/data/copy/'.length), world.sim.disk.contents(path)]),
  )
  const segment = backup.get(SEGMENT)!
  assert.equal(segment.length, stopped.segment.length)
  assert.ok(segment.subarray(stopped.end).every((byte) => byte === 0))
  assert.deepEqual((await opened(backup)).broker.report.damaged, [])
})

/** The folder of an orderly stop at `end`, noted in the manifest. */
async function noted(end: number, folder = stopped.folder): Promise<Folder> {
  const world = await worldOf(folder)
  await world.do(noteStop(world.os.disk, DIR, end))
  return folderOf(world)
}

function zeroed(folder: Folder, start: number, end: number): Folder {
  return changed(folder, SEGMENT, (bytes) => bytes.fill(0, start, end))
}

test('after a noted stop a log that ends before it is damage, reported once', async () => {
  const folder = await noted(stopped.end)
  for (const count of [1, 2, 4]) {
    const { start } = stopped.groups.at(-count)!
    const world = await opened(zeroed(folder, start, stopped.end))
    const { damaged, tailBytesCut, cleanStop } = world.broker.report
    const bytes = stopped.end - start
    assert.deepEqual(damaged, [{ segment: SEGMENT, position: start, bytes }])
    assert.deepEqual({ tailBytesCut, cleanStop }, { tailBytesCut: 0, cleanStop: true })
    await world.killAndOpen(LIMITS)
    assert.deepEqual(world.broker.report.damaged, [])
    assert.equal(world.broker.report.cleanStop, false)
  }
})

test('an orderly stop is noted: its last group zeroed is damage, without doubt', async () => {
  const { start, end } = stopped.groups.at(-1)!
  const world = await opened(zeroed(stopped.folder, start, end))
  const { damaged, tailBytesCut, tailMayHoldConfirmed, cleanStop } = world.broker.report
  assert.deepEqual(damaged, [{ segment: SEGMENT, position: start, bytes: end - start }])
  assert.deepEqual(
    { tailBytesCut, tailMayHoldConfirmed, cleanStop },
    { tailBytesCut: 0, tailMayHoldConfirmed: false, cleanStop: true },
  )
})

test('after a noted stop every wrong bit of the last group is damage', async () => {
  const folder = await noted(stopped.end)
  const { start, end } = stopped.groups.at(-1)!
  for (let byte = start; byte < end; byte++) {
    const world = await opened(changed(folder, SEGMENT, (bytes) => (bytes[byte]! ^= 1)))
    assert.equal(world.broker.report.damaged.length, 1, `byte ${byte}`)
    assert.equal(world.broker.report.tailMayHoldConfirmed, false)
  }
})

test('an older note, left when the newer copy is damaged, cuts nothing off', async () => {
  const world = await opened(await noted(stopped.end))
  const { messages } = world.broker.report
  await world.publish('a', 'behind the note')
  world.sim.kill()
  const folder = folderOf(world)
  for (const at of [0, 4096]) {
    const other = await opened(changed(folder, 'manifest', (bytes) => (bytes[at + 16]! ^= 1)))
    assert.equal(other.broker.report.messages, messages + 1)
    assert.deepEqual(other.broker.report.damaged, [])
  }
})

test('a note is torn without harm to the incarnation', async () => {
  const before = await noted(0)
  const { incarnation } = (await opened(before)).broker.report
  const after = await noted(stopped.end)
  for (const at of [0, 4096]) {
    const torn = changed(after, 'manifest', (bytes) => bytes.fill(0, at, at + 64))
    assert.equal((await opened(torn)).broker.report.incarnation, incarnation)
  }
})
