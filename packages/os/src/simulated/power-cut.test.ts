import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DiskFile } from '../disk.ts'
import type { SimulatedOs } from './os.ts'
import { simulatedOs } from './os.ts'

const SECTORS = 8
const OLD = sectors('o')
const NEW = sectors('n')

test('what was written durable or synced survives every power cut, with its name', async () => {
  await manyWorlds(async (world) => {
    const durable = await create(world, '/durable', true)
    await world.settle(durable.write(NEW, 0))
    const synced = await create(world, '/synced')
    await world.settle(synced.write(NEW, 0))
    await world.settle(synced.sync())
    await world.settle(world.os.disk.syncDir('/'))
    world.crash()
    assert.equal(found(world, '/durable'), text(NEW))
    assert.equal(found(world, '/synced'), text(NEW))
  })
})

test('each unsynced sector is old or new on its own, never a mix', async () => {
  const outcomes = await manyWorlds(async (world) => {
    const file = await oldFile(world)
    await world.settle(file.write(NEW, 0))
    world.crash()
    return kinds(found(world, '/file'))
  })
  for (const kind of outcomes) assert.match(kind, /^[on]{8}$/)
  assert.ok(outcomes.includes('oooooooo') && outcomes.includes('nnnnnnnn'), `${outcomes}`)
  // Out of order: a later sector got through, an earlier one did not.
  assert.ok(outcomes.some((kind) => /on/.test(kind)) && outcomes.some((kind) => /no/.test(kind)))
  assert.ok(new Set(outcomes).size > 40)
})

test('keep none goes back to the last sync, keep all keeps everything', async () => {
  for (const [keep, expected] of [
    ['none', OLD],
    ['all', NEW],
  ] as const) {
    const world = simulatedOs({ seed: 4 })
    const file = await oldFile(world)
    await world.settle(file.write(NEW, 0))
    await create(world, '/other')
    world.crash({ keep })
    assert.equal(found(world, '/file'), text(expected))
    assert.deepEqual(world.disk.files(), keep === 'all' ? ['/file', '/other'] : ['/file'])
  }
})

test('a durable write under way is torn at sectors, and its promise never settles', async () => {
  const outcomes = await manyWorlds(async (world) => {
    const file = await oldFile(world, true)
    let settled = false
    const done = () => {
      settled = true
    }
    file.write(NEW, 0).then(done, done)
    world.crash()
    await world.runFor(1000)
    assert.equal(settled, false)
    return kinds(found(world, '/file'))
  })
  assert.ok(outcomes.some((kind) => kind === 'oooooooo'))
  assert.ok(outcomes.some((kind) => kind.includes('on')))
})

test('an unsynced file may lose length as well as content', async () => {
  const sizes = await manyWorlds(async (world) => {
    const file = await oldFile(world)
    await world.settle(file.write(NEW, OLD.length))
    world.crash()
    assert.equal(found(world, '/file').slice(0, OLD.length), text(OLD))
    return world.disk.contents('/file').length
  })
  assert.ok(sizes.every((size) => size >= OLD.length && size <= 2 * OLD.length))
  assert.ok(new Set(sizes).size > 20)
})

test('bytes that a power cut took off the end do not come back', async () => {
  await manyWorlds(async (world) => {
    const file = await oldFile(world)
    await world.settle(file.write(NEW, OLD.length))
    world.crash()
    const size = world.disk.contents('/file').length
    const reopened = await world.settle(world.os.disk.open('/file'))
    await world.settle(reopened.write(NEW.subarray(0, 1), size + 4096))
    const gap = world.disk.contents('/file').subarray(size, -1)
    assert.ok(gap.length === 4096 && gap.every((byte) => byte === 0))
  })
})

test('a durable write makes whole sectors durable, also what was in them unsynced', async () => {
  const world = simulatedOs({ seed: 1 })
  const file = await oldFile(world)
  const durable = await world.settle(world.os.disk.open('/file', { durable: true }))
  await world.settle(file.write(NEW, 0))
  await world.settle(durable.write(NEW.subarray(0, 600), 0))
  world.crash({ keep: 'none' })
  assert.equal(kinds(found(world, '/file')), 'nnoooooo')
})

test('a sync covers what was written before it was called, no more', async () => {
  for (let seed = 0; seed < 20; seed++) {
    const world = simulatedOs({ seed, diskLatencyMs: [1, 1] })
    const file = await oldFile(world)
    await world.settle(file.write(NEW.subarray(0, 512), 0))
    const sync = file.sync()
    const write = file.write(NEW.subarray(512, 1024), 512)
    await world.settle(Promise.all([sync, write]))
    world.crash({ keep: 'none' })
    assert.equal(kinds(found(world, '/file')), 'nooooooo')
  }
})

test('of the unsynced names of a folder the first ones survive', async () => {
  const outcomes = await manyWorlds(async (world) => {
    for (const name of ['/c', '/a', '/b']) await create(world, name)
    world.crash()
    return world.disk.files().join()
  })
  assert.deepEqual([...new Set(outcomes)].sort(), ['', '/a,/b,/c', '/a,/c', '/c'])
})

test('an unsynced rename is whole or not at all', async () => {
  const outcomes = await manyWorlds(async (world) => {
    await oldFile(world)
    const next = await create(world, '/next', true)
    await world.settle(next.write(NEW, 0))
    await world.settle(world.os.disk.syncDir('/'))
    await world.settle(world.os.disk.rename('/next', '/file'))
    world.crash()
    return `${world.disk.files().join()} ${kinds(found(world, '/file'))}`
  })
  assert.deepEqual([...new Set(outcomes)].sort(), ['/file nnnnnnnn', '/file,/next oooooooo'])
})

test('an unsynced removal may be undone', async () => {
  const outcomes = await manyWorlds(async (world) => {
    await oldFile(world)
    await world.settle(world.os.disk.remove('/file'))
    world.crash()
    return world.disk.files().join()
  })
  assert.deepEqual([...new Set(outcomes)].sort(), ['', '/file'])
})

test('an unsynced folder takes all it holds with it', async () => {
  const world = simulatedOs({ seed: 1 })
  await world.settle(world.os.disk.makeDir('/one/two'))
  const file = await world.settle(world.os.disk.open('/one/two/file', { create: true }))
  await world.settle(file.sync())
  await world.settle(world.os.disk.syncDir('/one/two'))
  world.crash({ keep: 'none' })
  assert.deepEqual(world.disk.files(), [])
})

test('after a failed sync the data reads well, syncs well, and is lost all the same', async () => {
  const outcomes = await manyWorlds(async (world) => {
    const file = await oldFile(world)
    await world.settle(file.write(NEW, 0))
    world.disk.failAt({ kind: 'sync' }, 'EIO')
    await assert.rejects(world.settle(file.sync()), /^Error: Cannot sync \/file: the device failed/)
    assert.equal(found(world, '/file'), text(NEW))
    await world.settle(file.sync())
    world.crash({ keep: 'none' })
    return kinds(found(world, '/file'))
  })
  assert.ok(outcomes.every((kind) => kind.includes('n') || kind === 'oooooooo'))
  assert.ok(outcomes.some((kind) => kind.includes('o')))
})

test('what a failed sync gave up is durable once it is written again and synced', async () => {
  await manyWorlds(async (world) => {
    const file = await oldFile(world)
    await world.settle(file.write(NEW, 0))
    world.disk.failAt({ kind: 'sync' }, 'EIO')
    await assert.rejects(world.settle(file.sync()))
    await world.settle(file.write(NEW, 0))
    await world.settle(file.sync())
    world.crash({ keep: 'none' })
    assert.equal(found(world, '/file'), text(NEW))
  })
})

test('when the cache goes, what a failed sync gave up reads old', async () => {
  const outcomes = await manyWorlds(async (world) => {
    const file = await oldFile(world)
    await world.settle(file.write(NEW, 0))
    world.disk.failAt({ kind: 'sync' }, 'EIO')
    await assert.rejects(world.settle(file.sync()))
    world.disk.dropCache()
    return kinds(found(world, '/file'))
  })
  assert.ok(outcomes.some((kind) => kind.includes('o')))
})

async function manyWorlds<T>(body: (world: SimulatedOs) => Promise<T>): Promise<T[]> {
  const results: T[] = []
  for (let seed = 0; seed < 200; seed++) results.push(await body(simulatedOs({ seed })))
  return results
}

function create(world: SimulatedOs, path: string, durable = false): Promise<DiskFile> {
  return world.settle(world.os.disk.open(path, { create: true, durable }))
}

async function oldFile(world: SimulatedOs, durable = false): Promise<DiskFile> {
  const file = await create(world, '/file', durable)
  await world.settle(file.write(OLD, 0))
  await world.settle(file.sync())
  await world.settle(world.os.disk.syncDir('/'))
  return file
}

function sectors(letter: string): Uint8Array {
  return new TextEncoder().encode(letter.repeat(SECTORS * 512))
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

function found(world: SimulatedOs, path: string): string {
  return text(world.disk.contents(path))
}

/** One letter per sector; the whole sector where it is not of one letter. */
function kinds(content: string): string {
  return (content.match(/.{512}/g) ?? [])
    .map((sector) => (/^(.)\1*$/.test(sector) ? sector[0] : sector))
    .join('')
}
