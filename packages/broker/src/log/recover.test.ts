import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { World } from '../engine/world.fixture.ts'
import { DIR, type Folder, folderOf, worldOf } from '../faults/folder.fixture.ts'
import { smallLog } from '../faults/small-log.fixture.ts'

const SEGMENT = '00000000000000.seg'
const LIMITS = { segmentBytesMin: 8 * 1024 }

const stopped = await smallLog('clean')

async function opened(folder: Folder): Promise<World> {
  const world = await worldOf(folder)
  await world.open(LIMITS)
  return world
}

test('a segment shorter than its header says is damage, reported once and made good', async () => {
  const { end } = stopped.groups[3]!
  const short = new Map(stopped.folder).set(SEGMENT, stopped.segment.subarray(0, end - 9))
  const world = await opened(short)
  const bytes = stopped.segment.length - (end - 9)
  assert.deepEqual(world.broker.report.damaged, [{ segment: SEGMENT, position: end - 9, bytes }])
  assert.equal(world.warnings.length, 1)
  assert.equal(folderOf(world).get(SEGMENT)!.length, stopped.segment.length)
  await world.killAndOpen(LIMITS)
  assert.deepEqual(world.broker.report.damaged, [])
})

test('the files of a backup end with the log, and that is no damage', async () => {
  const world = await opened(stopped.folder)
  await world.do(world.broker.backup('/data/copy'))
  world.sim.kill()
  const copies = world.sim.disk.files().filter((path) => path.startsWith('/data/copy/'))
  const backup = new Map(
    copies.map((path) => [path.slice('/data/copy/'.length), world.sim.disk.contents(path)]),
  )
  assert.ok(backup.get(SEGMENT)!.length < stopped.segment.length, DIR)
  assert.deepEqual((await opened(backup)).broker.report.damaged, [])
})
