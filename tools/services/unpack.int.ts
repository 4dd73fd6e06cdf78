import assert from 'node:assert/strict'
import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { cannotRunHere } from '../skip.ts'
import { ServiceMissing } from './service.ts'
import { unpack } from './unpack.ts'

const run = promisify(execFile)
const hasApt = spawnSync('apt-get', ['--version']).status === 0
const UNPACK = join(import.meta.dirname, 'unpack.ts')
/** A small program that needs only the C library. */
const PACKAGE = 'hello'

function newHome(t: { after(fn: () => void): void }): string {
  const home = mkdtempSync(join(tmpdir(), 'hufu-unpack-'))
  t.after(() => rmSync(home, { recursive: true }))
  return home
}

test('a package is unpacked once, however many processes ask at once', async (t) => {
  if (!hasApt) return cannotRunHere(t, 'no apt-get')
  const home = newHome(t)
  const code = `const { unpack } = await import('${UNPACK}')
    console.log(await unpack('${PACKAGE}', '${home}'))`
  const asking = Array.from({ length: 3 }, () => run(process.execPath, ['--eval', code]))
  const roots = new Set((await Promise.all(asking)).map(({ stdout }) => stdout.trim()))
  assert.equal(roots.size, 1)
  const [root = ''] = roots
  assert.match(execFileSync(join(root, 'usr/bin/hello'), { encoding: 'utf8' }), /Hello/)
  assert.deepEqual(readdirSync(join(home, 'data')), [], 'what the download wrote is left')
  assert.ok(!existsSync(join(home, 'unpacking')), 'the lock is left')
})

test('where packages cannot be had, the service is missing, with the reason', async (t) => {
  const home = newHome(t)
  const path = process.env.PATH
  t.after(() => {
    process.env.PATH = path
  })
  process.env.PATH = home
  await assert.rejects(unpack(PACKAGE, home), (error) => {
    assert.ok(error instanceof ServiceMissing)
    assert.match(
      error.message,
      /^Cannot unpack package hello: this system has no apt-get and dpkg$/,
    )
    return true
  })
})
