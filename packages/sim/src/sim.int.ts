import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

const MAIN = join(import.meta.dirname, 'main.ts')

interface Line {
  seeds: number
  violations: number
  sometimes: Record<string, number>
  never: string[]
  hash: string
  missed: string[]
  error?: string
}

/** Runs the command; its exit code and the last line of its output. */
async function sim(...args: string[]): Promise<{ code: number | null; line: Line; told: string }> {
  const child = spawn(process.execPath, [MAIN, '--json', ...args])
  let output = ''
  let told = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  child.stderr.on('data', (chunk) => {
    told += chunk
  })
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { code, line: JSON.parse(output.trim().split('\n').at(-1) ?? '{}'), told }
}

test('2,000 worlds of each kind break no promise, and take every rare path', async () => {
  const kinds = ['broker', 'globals'].map((world) => sim('--seeds', '2000', '--world', world))
  for (const { code, line, told } of await Promise.all(kinds)) {
    assert.equal(line.violations, 0, told)
    assert.deepEqual(line.never, [], told)
    assert.equal(code, 0)
    assert.equal(line.seeds, 2000)
  }
})

test('the same seeds give the same trace in two processes', async () => {
  const args = ['--seeds', '60', '--seed', '700']
  const [one, other] = await Promise.all([sim(...args), sim(...args)])
  assert.equal(one.line.hash, other.line.hash)
  const next = await sim('--seeds', '60', '--seed', '701')
  assert.notEqual(next.line.hash, one.line.hash)
})

test('planted bugs of each part are found', async () => {
  const bugs = [
    'confirm-before-sync',
    'directory-not-synced',
    'redelivery-count-lost',
    'half-visible-after-crash',
    'receipt-closes-twice',
    'act-before-save',
    'no-fencing-in-save',
    'barrier-row-outside-transaction',
    'attempts-not-persisted',
    'undone-in-the-wrong-order',
  ]
  const { code, line, told } = await sim('--planted', '--bugs', bugs.join(','))
  assert.deepEqual(line.missed, [], told)
  assert.equal(code, 0)
})

test('wrong usage is told apart from broken promises', async () => {
  for (const args of [
    ['--seeds', 'x'],
    ['--unknown'],
    ['--world', 'x'],
    ['--only', '1'],
    ['--planted', '--bugs', 'no-such-bug'],
  ]) {
    const { code, line } = await sim(...args)
    assert.equal(code, 2, args.join(' '))
    assert.equal(typeof line.error, 'string')
  }
})
