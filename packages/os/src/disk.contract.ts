import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Disk, type DiskFile, isDiskError } from './disk.ts'

/** A disk under test: a fresh folder, and a way to run what uses it. */
export interface DiskUnderTest {
  readonly disk: Disk
  /** An empty folder that is there. */
  readonly dir: string
  run(body: () => Promise<void>): Promise<void>
}

type Rule = (disk: Disk, dir: string) => Promise<void>

/** What every implementation of `Disk` keeps; each rule gets a fresh one from `open`. */
export function diskContract(name: string, open: () => Promise<DiskUnderTest>): void {
  for (const [rule, body] of Object.entries({ ...fileRules, ...nameRules, ...lockRules })) {
    test(`${name}: ${rule}`, async () => {
      const { disk, dir, run } = await open()
      await run(() => body(disk, dir))
    })
  }
}

const fileRules: Record<string, Rule> = {
  'what was written is read back': async (disk, dir) => {
    const file = await disk.open(`${dir}/a`, { create: true })
    assert.equal(file.path, `${dir}/a`)
    await file.write(text('hello'), 0)
    assert.equal(await readText(file, 0, 5), 'hello')
    assert.equal(await file.size(), 5)
    await file.close()
  },
  'a read past the end is short, beyond it empty': async (disk, dir) => {
    const file = await disk.open(`${dir}/a`, { create: true })
    await file.write(text('hello'), 0)
    assert.equal(await readText(file, 3, 10), 'lo')
    assert.equal(await file.read(new Uint8Array(4), 100), 0)
    await file.close()
  },
  'a write in place leaves the rest': async (disk, dir) => {
    const file = await disk.open(`${dir}/a`, { create: true })
    await file.write(text('hello'), 0)
    await file.write(text('EL'), 1)
    assert.equal(await readText(file, 0, 5), 'hELlo')
    await file.close()
  },
  'a write beyond the end leaves zeros between': async (disk, dir) => {
    const file = await disk.open(`${dir}/a`, { create: true })
    await file.write(text('ab'), 0)
    await file.write(text('z'), 2000)
    const all = new Uint8Array(2001)
    assert.equal(await file.read(all, 0), 2001)
    assert.deepEqual([...all.subarray(0, 2), all[2000]], [...text('abz')])
    assert.ok(all.subarray(2, 2000).every((byte) => byte === 0))
    await file.close()
  },
  'an empty write changes nothing': async (disk, dir) => {
    const file = await disk.open(`${dir}/a`, { create: true })
    await file.write(new Uint8Array(0), 50)
    assert.equal(await file.size(), 0)
    await file.close()
  },
  'a large write is written whole': async (disk, dir) => {
    const file = await disk.open(`${dir}/a`, { create: true, durable: true })
    const bytes = new Uint8Array(3_000_001).map((_, index) => index % 251)
    await file.write(bytes, 17)
    const back = new Uint8Array(bytes.length)
    assert.equal(await file.read(back, 17), bytes.length)
    assert.ok(bytes.every((byte, index) => byte === back[index]))
    await file.close()
  },
  'calls on one file may overlap': async (disk, dir) => {
    const file = await disk.open(`${dir}/a`, { create: true })
    const parts = Array.from({ length: 50 }, (_, index) => index)
    await Promise.all(parts.map((part) => file.write(text(`part ${part + 10};`), part * 8)))
    const read = await Promise.all(parts.map((part) => readText(file, part * 8, 8)))
    assert.deepEqual(
      read,
      parts.map((part) => `part ${part + 10};`),
    )
    await file.sync()
    await file.close()
  },
  'a file opened durable takes writes, reads and syncs': async (disk, dir) => {
    const file = await disk.open(`${dir}/a`, { create: true, durable: true })
    await file.write(text('hello'), 0)
    await file.sync()
    assert.equal(await readText(file, 0, 5), 'hello')
    await file.close()
  },
  'a file opened twice is one file': async (disk, dir) => {
    const one = await disk.open(`${dir}/a`, { create: true })
    const other = await disk.open(`${dir}/a`, { readOnly: true })
    await one.write(text('hello'), 0)
    assert.equal(await readText(other, 0, 5), 'hello')
    await one.close()
    assert.equal(await readText(other, 0, 5), 'hello')
    await other.close()
  },
  'a file opened for reading refuses a write': async (disk, dir) => {
    await write(disk, `${dir}/a`, 'hello')
    const file = await disk.open(`${dir}/a`, { readOnly: true })
    await refuses(file.write(text('no'), 0), 'EBADF')
    assert.equal(await readText(file, 0, 5), 'hello')
    await file.close()
  },
  'a closed file refuses every call': async (disk, dir) => {
    const file = await disk.open(`${dir}/a`, { create: true })
    await file.close()
    await refuses(file.size(), 'EBADF')
    await refuses(file.read(new Uint8Array(1), 0), 'EBADF')
    await refuses(file.write(text('no'), 0), 'EBADF')
    await refuses(file.sync(), 'EBADF')
  },
  'a removed file that is open can still be used': async (disk, dir) => {
    const file = await disk.open(`${dir}/a`, { create: true })
    await file.write(text('hello'), 0)
    await disk.remove(`${dir}/a`)
    assert.equal(await readText(file, 0, 5), 'hello')
    await file.close()
  },
}

const nameRules: Record<string, Rule> = {
  'open fails with ENOENT where nothing is': async (disk, dir) => {
    await refuses(disk.open(`${dir}/a`), 'ENOENT')
    await refuses(disk.open(`${dir}/a`, { readOnly: true }), 'ENOENT')
    await refuses(disk.open(`${dir}/none/a`, { create: true }), 'ENOENT')
  },
  'create fails with EEXIST where a file is, and leaves it alone': async (disk, dir) => {
    await write(disk, `${dir}/a`, 'hello')
    await refuses(disk.open(`${dir}/a`, { create: true }), 'EEXIST')
    assert.equal(await read(disk, `${dir}/a`), 'hello')
  },
  'makeDir makes the missing parents and does not mind a folder': async (disk, dir) => {
    await disk.makeDir(`${dir}/one/two`)
    await Promise.all([disk.makeDir(`${dir}/one/two`), disk.makeDir(`${dir}/one`)])
    assert.deepEqual(await disk.list(`${dir}/one`), ['two'])
    assert.deepEqual(await disk.list(`${dir}/one/two`), [])
  },
  'makeDir fails with EEXIST where a file is, with ENOTDIR below it': async (disk, dir) => {
    await write(disk, `${dir}/a`, 'hello')
    await refuses(disk.makeDir(`${dir}/a`), 'EEXIST')
    await refuses(disk.makeDir(`${dir}/a/b`), 'ENOTDIR')
  },
  'list is sorted': async (disk, dir) => {
    for (const name of ['b', 'a10', 'a2', 'Z', '00000000000000000001.log']) {
      await write(disk, `${dir}/${name}`, name)
    }
    await disk.makeDir(`${dir}/aa`)
    const names = ['00000000000000000001.log', 'Z', 'a10', 'a2', 'aa', 'b']
    assert.deepEqual(await disk.list(dir), names)
  },
  'list fails with ENOENT where nothing is, with ENOTDIR at a file': async (disk, dir) => {
    await write(disk, `${dir}/a`, 'hello')
    await refuses(disk.list(`${dir}/none`), 'ENOENT')
    await refuses(disk.list(`${dir}/a`), 'ENOTDIR')
  },
  'rename replaces what is at the new name': async (disk, dir) => {
    await write(disk, `${dir}/a`, 'new')
    await write(disk, `${dir}/b`, 'old')
    await disk.rename(`${dir}/a`, `${dir}/b`)
    assert.deepEqual(await disk.list(dir), ['b'])
    assert.equal(await read(disk, `${dir}/b`), 'new')
  },
  'rename moves into another folder': async (disk, dir) => {
    await write(disk, `${dir}/a`, 'hello')
    await disk.makeDir(`${dir}/sub`)
    await disk.rename(`${dir}/a`, `${dir}/sub/b`)
    assert.deepEqual(await disk.list(dir), ['sub'])
    assert.equal(await read(disk, `${dir}/sub/b`), 'hello')
  },
  'rename, remove and syncDir fail with ENOENT where nothing is': async (disk, dir) => {
    await refuses(disk.rename(`${dir}/a`, `${dir}/b`), 'ENOENT')
    await refuses(disk.remove(`${dir}/a`), 'ENOENT')
    await refuses(disk.syncDir(`${dir}/none`), 'ENOENT')
  },
  'remove takes the name away, and it can be created again, empty': async (disk, dir) => {
    await write(disk, `${dir}/a`, 'hello')
    await disk.remove(`${dir}/a`)
    assert.deepEqual(await disk.list(dir), [])
    await disk.syncDir(dir)
    await write(disk, `${dir}/a`, '')
    assert.equal(await read(disk, `${dir}/a`), '')
  },
  'freeBytes is a positive whole number': async (disk, dir) => {
    const free = await disk.freeBytes(dir)
    assert.ok(Number.isInteger(free) && free > 0, `free: ${free}`)
  },
}

const lockRules: Record<string, Rule> = {
  'a held lock refuses a second holder, this process too, and names it': async (disk, dir) => {
    const lock = await disk.lock(`${dir}/lock`)
    assert.deepEqual(await disk.list(dir), ['lock', 'lock.owner'])
    await assert.rejects(disk.lock(`${dir}/lock`), (error) => {
      assert.ok(isDiskError(error, 'LOCKED'), String(error))
      assert.match(error.message, /^Cannot lock .*\/lock: process \d+.* holds it/)
      return true
    })
    lock.release()
  },
  'a released lock is free at once, and a second release is harmless': async (disk, dir) => {
    const first = await disk.lock(`${dir}/lock`)
    first.release()
    const second = await disk.lock(`${dir}/lock`)
    first.release()
    await refuses(disk.lock(`${dir}/lock`), 'LOCKED')
    second.release()
  },
  'two lock files are two locks': async (disk, dir) => {
    const one = await disk.lock(`${dir}/one`)
    const other = await disk.lock(`${dir}/other`)
    one.release()
    other.release()
  },
  'a lock in a missing folder fails with ENOENT': async (disk, dir) => {
    await refuses(disk.lock(`${dir}/none/lock`), 'ENOENT')
  },
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value)
}

async function readText(file: DiskFile, position: number, length: number): Promise<string> {
  const target = new Uint8Array(length)
  const count = await file.read(target, position)
  return new TextDecoder().decode(target.subarray(0, count))
}

async function read(disk: Disk, path: string): Promise<string> {
  const file = await disk.open(path, { readOnly: true })
  const value = await readText(file, 0, await file.size())
  await file.close()
  return value
}

async function write(disk: Disk, path: string, value: string): Promise<void> {
  const file = await disk.open(path, { create: true })
  await file.write(text(value), 0)
  await file.close()
}

async function refuses(call: Promise<unknown>, code: string): Promise<void> {
  await assert.rejects(call, (error) => {
    assert.ok(isDiskError(error, code), `${error} instead of ${code}`)
    return true
  })
}
