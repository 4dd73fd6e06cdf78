import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { cannotRunHere } from '../../../../tools/skip.ts'
import { isDiskError } from '../disk.ts'
import { nodeDisk } from './disk.ts'
import { smallMount } from './mount.fixture.ts'

const root = mkdtempSync(join(tmpdir(), 'hufu-lock-'))
after(() => rmSync(root, { recursive: true }))

async function childHolding(t: TestContext, path: string): Promise<ChildProcess> {
  const script = fileURLToPath(new URL('./hold-lock.fixture.ts', import.meta.url))
  const child = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const [said] = await once(child.stdout!, 'data')
  assert.equal(String(said), 'held\n')
  return child
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  child.kill(signal)
  await once(child, 'exit')
}

test('a lock held by another process is refused with its id, and free after kill -9', async (t) => {
  for (let round = 0; round < 3; round++) {
    const path = join(root, 'killed')
    const child = await childHolding(t, path)
    await assert.rejects(nodeDisk.lock(path), (error) => {
      assert.ok(isDiskError(error, 'LOCKED'))
      assert.equal(error.message, `Cannot lock ${path}: process ${child.pid} holds it`)
      return true
    })
    await end(child, 'SIGKILL')
    const lock = await nodeDisk.lock(path)
    lock.release()
  }
})

test('a lock is free after an ordinary end', async (t) => {
  const path = join(root, 'ended')
  await end(await childHolding(t, path), 'SIGTERM')
  const lock = await nodeDisk.lock(path)
  lock.release()
})

test('a refused attempt of this process does not end its own lock', async (t) => {
  const path = join(root, 'own')
  const lock = await nodeDisk.lock(path)
  await assert.rejects(nodeDisk.lock(path), /process \d+ \(this one\) holds it$/)
  const script = fileURLToPath(new URL('./hold-lock.fixture.ts', import.meta.url))
  const child = spawn(process.execPath, [script, path], { stdio: ['ignore', 'ignore', 'pipe'] })
  t.after(() => child.kill('SIGKILL'))
  let said = ''
  child.stderr!.on('data', (chunk) => {
    said += chunk
  })
  const [code] = await once(child, 'close')
  assert.equal(code, 1)
  assert.ok(said.includes(`Cannot lock ${path}: process ${process.pid} holds it`), said)
  lock.release()
})

test('a lock in a missing folder, or under a file, says what is the case', async () => {
  await assert.rejects(nodeDisk.lock(join(root, 'none', 'lock')), (error) => {
    assert.ok(isDiskError(error, 'ENOENT'))
    assert.match(error.message, /^Cannot lock .*none.lock: ENOENT: no such file or directory/)
    return true
  })
  writeFileSync(join(root, 'file'), '')
  await assert.rejects(nodeDisk.lock(join(root, 'file', 'lock')), (error) =>
    isDiskError(error, 'ENOTDIR'),
  )
})

test('a lock file that is no lock is refused and left alone', async () => {
  const path = join(root, 'text')
  writeFileSync(path, 'something of the user, long enough to be looked at\n'.repeat(50))
  await assert.rejects(nodeDisk.lock(path), /^Error: Cannot lock .*text: file is not a database/)
})

test('a read-only file system refuses a lock, whether its file is there or not', async (t) => {
  const mount = smallMount(t, root)
  if (typeof mount === 'string') return cannotRunHere(t, mount)
  const lock = await nodeDisk.lock(join(mount.dir, 'old'))
  lock.release()
  mount.readOnly()
  for (const name of ['old', 'new']) {
    await assert.rejects(nodeDisk.lock(join(mount.dir, name)), (error) => {
      assert.ok(isDiskError(error, 'EROFS'), String(error))
      assert.match(error.message, /^Cannot lock .*: EROFS: read-only file system/)
      return true
    })
  }
})

test('a lock can be taken on a full disk', async (t) => {
  const mount = smallMount(t, root)
  if (typeof mount === 'string') return cannotRunHere(t, mount)
  const file = await nodeDisk.open(join(mount.dir, 'filler'), { create: true })
  await assert.rejects(file.write(new Uint8Array(2 ** 21), 0), (error) =>
    isDiskError(error, 'ENOSPC'),
  )
  const lock = await nodeDisk.lock(join(mount.dir, 'lock'))
  await assert.rejects(nodeDisk.lock(join(mount.dir, 'lock')), /another process holds it$/)
  lock.release()
  await file.close()
})
