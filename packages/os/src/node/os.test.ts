import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { randomBelow } from '../random.ts'
import { nodeOs } from './os.ts'

test('crash ends the process with its error, past every catch', () => {
  const module = fileURLToPath(new URL('./os.ts', import.meta.url))
  const code = `import { nodeOs } from ${JSON.stringify(module)}
    setInterval(() => {}, 60_000)
    try { await (async () => nodeOs.crash(new Error('Cannot sync x: EIO')))() } catch {}
    await new Promise(() => {})`
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', code])
  assert.equal(child.status, 1)
  assert.match(child.stderr.toString(), /Error: Cannot sync x: EIO/)
})

test('an id has 32 hexadecimal characters and does not come twice', () => {
  const ids = Array.from({ length: 100 }, () => nodeOs.random.id())
  for (const id of ids) assert.match(id, /^[0-9a-f]{32}$/)
  assert.equal(new Set(ids).size, 100)
})

test('randomBelow stays below and reaches every number', () => {
  const seen = new Set(Array.from({ length: 1000 }, () => randomBelow(nodeOs.random, 3)))
  assert.deepEqual([...seen].sort(), [0, 1, 2])
})
