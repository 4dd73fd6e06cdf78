import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { OPTIONS, optionLines, variableOf } from './options.ts'

test('docs/server.md has a row for every setting, and no other', () => {
  const docs = readFileSync(new URL('../../../../docs/server.md', import.meta.url), 'utf8')
  const rows = [...docs.matchAll(/^\| `--([a-z-]+) [^`]*` \| `([A-Z_]+)` \|/gm)]
  assert.deepEqual(
    rows.map(([, name, variable]) => [name, variable]),
    OPTIONS.map(({ name }) => [name, variableOf(name)]),
  )
})

test('the help has a line for each setting, no wider than a terminal of 120', () => {
  const lines = optionLines()
  assert.equal(lines.length, OPTIONS.length)
  assert.match(lines[1]!, /^--amqp HOST:PORT +where .*; repeatable; default 127\.0\.0\.1:5672$/)
  for (const line of lines) assert.ok(line.length <= 118, line)
})
