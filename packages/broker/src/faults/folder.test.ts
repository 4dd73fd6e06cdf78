import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bodyOf, numbers, refusal, World } from '../engine/world.fixture.ts'
import { FORMAT } from '../log/layout.ts'
import {
  changed,
  type Folder,
  flip,
  folderOf,
  forge,
  segmentNames,
  worldOf,
} from './folder.fixture.ts'

const KiB = 1024
const LIMITS = { segmentBytesMin: 4 * KiB, segmentBytesMax: 8 * KiB }
const BODIES = Array.from({ length: 60 }, (_, i) => `${i} ${'x'.repeat(700)}`)

/** Messages in many segments, a kill at the end; a checkpoint each so many bytes. */
async function manySegments(checkpointBytes: number, seed = 3): Promise<Folder> {
  const world = new World(seed)
  await world.open({ ...LIMITS, checkpointBytes })
  await world.do(world.broker.declareQueue('a'))
  for (const body of BODIES) await world.publish('a', body)
  await world.pass(100)
  world.sim.kill()
  return folderOf(world)
}

const plain = await manySegments(2 ** 30)
const checkpointed = await manySegments(12 * KiB)

async function opened(folder: Folder): Promise<World> {
  const world = await worldOf(folder)
  await world.open(LIMITS)
  return world
}

async function bodies(world: World): Promise<string[]> {
  return (await world.do(world.broker.peek('a', { limit: 1_000 }))).map(bodyOf)
}

async function refused(folder: Folder, ...expected: Parameters<typeof refusal>): Promise<void> {
  const world = await worldOf(folder)
  await assert.rejects(world.open(LIMITS), refusal(...expected))
}

test('a wrong bit in the header of the first group of a segment costs nothing', async () => {
  for (const name of segmentNames(plain).slice(0, 6)) {
    for (let byte = 64; byte < 104; byte += 3) {
      const world = await opened(changed(plain, name, flip(byte, byte % 8)))
      assert.deepEqual(await bodies(world), BODIES, `byte ${byte} of ${name}`)
      const { damaged, tailBytesCut } = world.broker.report
      assert.equal(tailBytesCut, 0)
      assert.deepEqual(
        damaged.map(({ segment, bytes }) => ({ segment, bytes })),
        [{ segment: name, bytes: 40 }],
      )
    }
  }
})

test('a wrong bit in the first entry of a segment costs that entry', async () => {
  for (const name of segmentNames(plain).slice(1, 6)) {
    const world = await opened(changed(plain, name, flip(64 + 40 + 200, 5)))
    assert.equal((await bodies(world)).length, BODIES.length - 1, name)
    assert.equal(world.broker.report.damaged.length, 1)
  }
})

test('a missing, foreign or misplaced segment is a clear error', async () => {
  const [first, second, third] = segmentNames(plain) as [string, string, string]
  const without = (name: string) => new Map([...plain].filter(([other]) => other !== name))
  const { DIR } = await import('./folder.fixture.ts')
  const missing = new RegExp(`^Cannot open ${DIR}: segment ${second} is missing$`)
  await refused(without(second), 'LOG_DAMAGED', missing)
  await refused(without(first), 'LOG_DAMAGED', /: no segment holds position 0, /)
  await refused(without('manifest'), 'LOG_DAMAGED', /: segments without \/data\/broker\/manifest$/)
  const other = await manySegments(2 ** 30, 4)
  const foreign = new Map(plain).set(second, other.get(second)!)
  await refused(
    foreign,
    'LOG_DAMAGED',
    new RegExp(`segment .*${second}: it belongs to another log$`),
  )
  const misplaced = new Map(plain).set(third, plain.get(second)!)
  await refused(misplaced, 'LOG_DAMAGED', /: its header names another position$/)
})

test('a format of the future is refused, wherever it stands, and nothing is touched', async () => {
  const futures = {
    manifest: (bytes: Uint8Array) => {
      for (const at of [0, 4096]) forge(at + 8, FORMAT + 1, at + 4, at + 8, at + 64)(bytes)
    },
    [segmentNames(plain)[2]!]: forge(12, FORMAT + 1, 8, 12, 64),
    'checkpoint-a': forge(12, FORMAT + 1, 8, 12, 64),
    'checkpoint-b': forge(12, FORMAT + 1, 8, 12, 64),
  }
  for (const [name, change] of Object.entries(futures)) {
    const world = await worldOf(changed(checkpointed, name, change))
    const before = folderOf(world)
    const text = new RegExp(` it has format ${FORMAT + 1}, this version knows up to ${FORMAT}$`)
    await assert.rejects(world.open(LIMITS), refusal('FORMAT_UNKNOWN', text), name)
    const after = folderOf(world)
    if (name !== 'manifest') before.delete('manifest')
    for (const [file, bytes] of before) assert.deepEqual(after.get(file), bytes, file)
  }
})

test('an opening that fails lets go of every file that it had opened', async () => {
  const current = segmentNames(checkpointed).at(-2)!
  const without = new Map([...checkpointed].filter(([name]) => name !== current))
  const future = changed(checkpointed, 'checkpoint-a', forge(12, FORMAT + 1, 8, 12, 64))
  for (const [folder, nth] of [[without], [future], ...numbers(9).map((n) => [checkpointed, +n])]) {
    const world = await worldOf(folder as Folder)
    if (nth !== undefined) world.sim.disk.failAt({ kind: 'read', nth: nth as number }, 'EIO')
    const { counts } = world.sim.disk
    const before = { ...counts }
    await assert.rejects(world.open(LIMITS))
    assert.ok(counts.open - before.open > 1)
    assert.equal(counts.close - before.close, counts.open - before.open, `read ${nth}`)
  }
})

test('one damaged copy in the manifest is survived, two are a clear error', async () => {
  for (const at of [0, 4096]) {
    for (let byte = 0; byte < 64; byte++) {
      const world = await opened(changed(plain, 'manifest', flip(at + byte, byte % 8)))
      assert.deepEqual(await bodies(world), BODIES)
      await world.killAndOpen(LIMITS)
      assert.deepEqual(await bodies(world), BODIES)
    }
  }
  const both = changed(changed(plain, 'manifest', flip(20, 0)), 'manifest', flip(4096 + 20, 0))
  await refused(both, 'LOG_DAMAGED', /manifest: neither of its two copies is whole$/)
})

test('a damaged checkpoint gives way to the older one, two to the whole log', async () => {
  for (let byte = 0; byte < 300; byte += 7) {
    let folder = checkpointed
    for (const name of ['checkpoint-a', 'checkpoint-b']) {
      const world = await opened(changed(checkpointed, name, flip(byte, byte % 8)))
      assert.deepEqual(await bodies(world), BODIES, `byte ${byte} of ${name}`)
      folder = changed(folder, name, flip(byte, byte % 8))
    }
    assert.deepEqual(await bodies(await opened(folder)), BODIES, `byte ${byte} of both`)
  }
})

test('an older checkpoint whose segments are freed is a clear error', async () => {
  const world = new World(3)
  await world.open({ ...LIMITS, checkpointBytes: 12 * KiB })
  await world.do(world.broker.declareQueue('a'))
  const taker = world.take('a').settleAll()
  for (const body of BODIES) await world.publish('a', body)
  await world.pass(100)
  await taker.close()
  world.sim.kill()
  const folder = folderOf(world)
  const outcomes = await Promise.all(
    ['checkpoint-a', 'checkpoint-b'].map(async (name) => {
      const other = await worldOf(changed(folder, name, flip(70, 1)))
      return other.open(LIMITS).then(
        () => other.broker.report.messages,
        (error) => {
          assert.ok(refusal('LOG_DAMAGED', /^Cannot open \/data\/broker: (no )?segment /)(error))
          return 'refused'
        },
      )
    }),
  )
  assert.deepEqual(outcomes.sort(), [0, 'refused'])
})
