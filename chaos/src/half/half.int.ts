import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

const MAIN = join(import.meta.dirname, '../main.ts')

test('killed five times: committed once, half and rolled-back never seen, silent asked for', () => {
  const args = [MAIN, ...'half --messages 100 --kills 5 --json'.split(' ')]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  assert.equal(status, 0, `${stderr}${stdout}`)
  assert.deepEqual(JSON.parse(stdout.trimEnd().split('\n').at(-1)!), {
    mode: 'half',
    messages: 100,
    kills: 5,
    committed: 50,
    rolledBack: 30,
    silent: 20,
    seenHalf: 0,
    lost: 0,
    doubled: 0,
    unasked: 0,
    undecided: 0,
    holds: true,
  })
  assert.match(stderr, /[1-9]\d* undecided ones watched/)
})
