import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DiskFile, isDiskError } from '../disk.ts'
import { simulatedOs } from './os.ts'

const BYTES = new Uint8Array(1000).fill(7)

test('the nth call of a kind fails, once', async () => {
  const { world, file } = await setUp()
  world.disk.failAt({ kind: 'write', nth: 3 }, 'EIO')
  const codes: string[] = []
  for (let call = 0; call < 5; call++) codes.push(await outcome(world.settle(write(file))))
  assert.deepEqual(codes, ['ok', 'ok', 'EIO', 'ok', 'ok'])
})

test('with once false every picked call fails, until the fault is undone', async () => {
  const { world, file } = await setUp()
  const undo = world.disk.failAt(
    (call) => call.kind === 'read' && call.path === '/file' && call.position === 512,
    'EIO',
    { once: false },
  )
  const read = (position: number) => outcome(world.settle(file.read(new Uint8Array(8), position)))
  assert.deepEqual([await read(0), await read(512), await read(512)], ['ok', 'EIO', 'EIO'])
  undo()
  assert.equal(await read(512), 'ok')
})

test('every call of the disk and of a file can be made to fail', async () => {
  const { world, file } = await setUp()
  const { disk } = world.os
  const calls = {
    makeDir: () => disk.makeDir('/dir'),
    list: () => disk.list('/'),
    open: () => disk.open('/other', { create: true }),
    rename: () => disk.rename('/file', '/moved'),
    remove: () => disk.remove('/file'),
    syncDir: () => disk.syncDir('/'),
    freeBytes: () => disk.freeBytes('/'),
    lock: () => disk.lock('/lock'),
    size: () => file.size(),
    read: () => file.read(new Uint8Array(8), 0),
    write: () => write(file),
    sync: () => file.sync(),
    close: () => file.close(),
  }
  for (const [kind, call] of Object.entries(calls)) {
    world.disk.failAt({ kind: kind as keyof typeof calls }, 'EIO')
    assert.equal(await outcome(world.settle<unknown>(call())), 'EIO', kind)
  }
  assert.deepEqual(world.disk.files(), ['/file'])
})

test('a failing write has written a part of any length', async () => {
  const lengths = new Set<number>()
  for (let seed = 0; seed < 100; seed++) {
    const { world, file } = await setUp(seed)
    world.disk.failAt({ kind: 'write' }, 'EIO')
    assert.equal(await outcome(world.settle(write(file))), 'EIO')
    lengths.add(world.disk.contents('/file').length)
  }
  assert.ok(lengths.size > 50 && Math.max(...lengths) <= BYTES.length)
})

test('a full disk takes what fits, then refuses growth, but not a write in place', async () => {
  const { world, file } = await setUp()
  world.disk.capacityBytes = 1500
  await world.settle(write(file))
  assert.equal(await world.settle(world.os.disk.freeBytes('/')), 500)
  assert.equal(await outcome(world.settle(file.write(BYTES, 1000))), 'ENOSPC')
  assert.equal(world.disk.usedBytes, 1500)
  assert.equal(await world.settle(world.os.disk.freeBytes('/')), 0)
  assert.equal(await outcome(world.settle(write(file))), 'ok')
  world.disk.capacityBytes = 3000
  assert.equal(await outcome(world.settle(file.write(BYTES, 1000))), 'ok')
  await world.settle(world.os.disk.remove('/file'))
  assert.equal(world.disk.usedBytes, 0)
})

test('a flipped bit is wrong for every reader and stays so after a power cut', async () => {
  for (const keep of ['all', 'none'] as const) {
    const { world, file } = await setUp()
    await world.settle(write(file))
    await world.settle(file.sync())
    await world.settle(world.os.disk.syncDir('/'))
    await world.settle(write(file))
    world.disk.flipBit('/file', 600, 3)
    assert.equal(world.disk.contents('/file')[600], 7 ^ 8)
    world.crash({ keep })
    assert.equal(world.disk.contents('/file')[600], 7 ^ 8)
  }
})

test('a bit beyond the end of the file cannot be flipped', async () => {
  const { world } = await setUp()
  assert.throws(() => world.disk.flipBit('/file', 0, 0), /Cannot flip: the file ends at 0/)
})

test('calls and bytes are counted', async () => {
  const { world, file } = await setUp()
  await world.settle(write(file))
  await world.settle(file.write(BYTES, 1000))
  await world.settle(file.sync())
  const { open, write: writes, sync, read } = world.disk.counts
  assert.deepEqual([open, writes, sync, read, world.disk.bytesWritten], [1, 2, 1, 0, 2000])
})

async function setUp(seed = 1) {
  const world = simulatedOs({ seed })
  const file = await world.settle(world.os.disk.open('/file', { create: true }))
  return { world, file }
}

function write(file: DiskFile): Promise<void> {
  return file.write(BYTES, 0)
}

async function outcome(call: Promise<unknown>): Promise<string> {
  try {
    await call
    return 'ok'
  } catch (error) {
    return isDiskError(error) ? error.code : String(error)
  }
}
