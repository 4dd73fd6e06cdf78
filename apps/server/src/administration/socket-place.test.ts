import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { newPlace, removePlace, socketOf } from './socket-place.ts'

function folder(t: TestContext, name: string): string {
  const base = mkdtempSync(join(tmpdir(), 'hufu-place-'))
  t.after(() => rmSync(base, { recursive: true }))
  const dir = join(base, name)
  mkdirSync(dir)
  return dir
}

test('the socket is in the data folder', (t) => {
  const dir = folder(t, 'data')
  assert.equal(newPlace(dir), join(dir, 'admin.sock'))
  assert.equal(socketOf(dir), join(dir, 'admin.sock'))
})

test('where its path would be too long it is elsewhere, and a file says where', (t) => {
  const dir = folder(t, 'long'.repeat(30))
  const path = newPlace(dir)
  assert.ok(Buffer.byteLength(path) <= 103)
  assert.equal(socketOf(dir), path)
  removePlace(dir)
  assert.equal(existsSync(dirname(path)), false)
  assert.deepEqual(readdirSync(dir), [])
})

test('what a former life has left is gone', (t) => {
  for (const name of ['data', 'long'.repeat(30)]) {
    const dir = folder(t, name)
    const former = newPlace(dir)
    writeFileSync(former, '')
    const next = newPlace(dir)
    assert.equal(existsSync(former), false)
    assert.equal(socketOf(dir), next)
    removePlace(dir)
  }
})
