import assert from 'node:assert/strict'
import type { SpawnSyncReturns } from 'node:child_process'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

const BIN = join(import.meta.dirname, 'hufu.js')

/** Makes the process believe that its Node is old. */
const OLD = [
  '--import',
  `data:text/javascript,Object.defineProperty(process,'versions',{value:{node:'20.1.0'}})`,
]

function hufu(
  args: string[],
  flags: string[] = [],
  bin = BIN,
  cwd = '/',
): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [...flags, bin, ...args], { encoding: 'utf8', cwd })
}

test('the version is one JSON object on the last line', () => {
  const { status, stdout } = hufu(['--version', '--json'])
  assert.equal(status, 0)
  assert.deepEqual(JSON.parse(stdout), { version: '0.1.0', node: process.versions.node })
})

test('a wrong verb ends with 2', () => {
  const { status, stderr } = hufu(['dance'])
  assert.equal(status, 2)
  assert.match(stderr, /Cannot run 'hufu dance': no such verb/)
})

test('on an old Node it goes on with the installed one, and passes its exit code on', () => {
  const dir = mkdtempSync(join(tmpdir(), 'hufu-bin-'))
  try {
    mkdirSync(join(dir, 'node_modules/node/bin'), { recursive: true })
    symlinkSync(process.execPath, join(dir, 'node_modules/node/bin/node'))
    assert.match(hufu(['--version'], OLD, BIN, dir).stdout, /^hufu 0\.1\.0 on Node 2[4-9]/)
    assert.equal(hufu(['dance'], OLD, BIN, dir).status, 2)
  } finally {
    rmSync(dir, { recursive: true })
  }
})

test('on an old Node with no other at hand it says what is needed and ends with 3', () => {
  const dir = mkdtempSync(join(tmpdir(), 'hufu-bin-'))
  try {
    const alone = join(dir, 'hufu.mjs')
    cpSync(BIN, alone)
    const { status, stdout, stderr } = hufu(['--version', '--json'], OLD, alone, dir)
    assert.equal(status, 3)
    assert.equal(stderr, 'Cannot start hufu: Node 24 or later is needed, this is 20.1.0\n')
    assert.match(JSON.parse(stdout).skipped, /^Node 24 or later is needed/)
  } finally {
    rmSync(dir, { recursive: true })
  }
})
