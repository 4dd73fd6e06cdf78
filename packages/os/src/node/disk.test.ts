import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { cannotRunHere } from '../../../../tools/skip.ts'
import { diskContract } from '../disk.contract.ts'
import { isDiskError } from '../disk.ts'
import { nodeDisk } from './disk.ts'
import { smallMount } from './mount.fixture.ts'

const root = mkdtempSync(join(tmpdir(), 'hufu-disk-'))
after(() => rmSync(root, { recursive: true }))

diskContract('the file system', async () => {
  const dir = mkdtempSync(join(root, 'rule-'))
  return { disk: nodeDisk, dir, run: (body) => body() }
})

/** O_DSYNC on Linux, octal as in `fdinfo`; O_SYNC has this bit too. */
const LINUX_O_DSYNC = 0o10000

/** The flags with which this process has `path` open, as the kernel knows them. */
function kernelFlags(path: string): number {
  for (const fd of readdirSync('/proc/self/fd')) {
    if (linkOf(`/proc/self/fd/${fd}`) !== path) continue
    const flags = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))
    return Number.parseInt(flags![1]!, 8)
  }
  throw new Error(`Cannot find the descriptor of ${path}: it is not open`)
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

test('a durable file is open with O_DSYNC, another is not', async (t) => {
  if (process.platform !== 'linux') return cannotRunHere(t, 'no /proc/self/fdinfo')
  for (const durable of [true, false]) {
    const path = join(root, `durable-${durable}`)
    const file = await nodeDisk.open(path, { create: true, durable })
    assert.equal((kernelFlags(path) & LINUX_O_DSYNC) !== 0, durable)
    await file.close()
  }
})

test('a write to a full disk fails with ENOSPC, and room in place is still written', async (t) => {
  const mount = smallMount(t, root)
  if (typeof mount === 'string') return cannotRunHere(t, mount)
  const file = await nodeDisk.open(join(mount.dir, 'a'), { create: true, durable: true })
  const noSpace = (error: unknown) => isDiskError(error, 'ENOSPC')
  await assert.rejects(file.write(new Uint8Array(2 ** 21).fill(1), 0), (error) => {
    assert.match(String(error), /^Error: Cannot write .*\/a: ENOSPC: no space left on device/)
    return noSpace(error)
  })
  const size = await file.size()
  assert.ok(size > 0 && size <= 2 ** 20, `size ${size}`)
  await assert.rejects(file.write(Uint8Array.of(2), 2 ** 20), noSpace)
  await file.write(Uint8Array.of(3), 0)
  assert.equal(await nodeDisk.freeBytes(mount.dir), 0)
  await file.close()
})

test('a read-only file system refuses names and writes with EROFS, not reads', async (t) => {
  const mount = smallMount(t, root)
  if (typeof mount === 'string') return cannotRunHere(t, mount)
  const path = join(mount.dir, 'a')
  await (await nodeDisk.open(path, { create: true })).close()
  mount.readOnly()
  const refusals = [
    () => nodeDisk.open(path),
    () => nodeDisk.open(join(mount.dir, 'b'), { create: true }),
    () => nodeDisk.makeDir(join(mount.dir, 'dir')),
    () => nodeDisk.remove(path),
  ]
  for (const call of refusals) {
    await assert.rejects(call(), (error) => isDiskError(error, 'EROFS'))
  }
  const file = await nodeDisk.open(path, { readOnly: true })
  assert.equal(await file.size(), 0)
  await file.close()
})
