import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { underLock } from './unpack-lock.ts'

function newLock(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'hufu-lock-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return join(folder, 'lock')
}

test('one works at a time', async (t) => {
  const lock = newLock(t)
  let working = 0
  const work = async () => {
    assert.equal(++working, 1)
    await new Promise((resolve) => setTimeout(resolve, 20))
    working--
  }
  await Promise.all([underLock(lock, work), underLock(lock, work), underLock(lock, work)])
})

test('the lock is let go of when the work fails', async (t) => {
  const lock = newLock(t)
  const failing = underLock(lock, () => Promise.reject(new Error('no space')))
  await assert.rejects(failing, { message: 'no space' })
  assert.ok(!existsSync(lock))
})

test('the lock of a dead process is taken over', async (t) => {
  const lock = newLock(t)
  const { pid } = spawnSync('true')
  symlinkSync(String(pid), lock)
  let done = false
  await underLock(lock, async () => {
    done = true
  })
  assert.ok(done)
})
