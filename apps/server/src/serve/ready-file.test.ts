import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { UsageError } from '../verb.ts'
import { ReadyFile } from './ready-file.ts'

const base = mkdtempSync(join(tmpdir(), 'hufu-ready-'))
after(() => rmSync(base, { recursive: true }))

const READY = { pid: 7, amqp: ['127.0.0.1:5672'], amqps: [] }

test('the ready file is written whole and leaves nothing beside it', () => {
  const path = join(base, 'ready')
  const file = new ReadyFile(path)
  file.write(READY)
  assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), READY)
  file.write({ ...READY, pid: 8 })
  assert.equal(JSON.parse(readFileSync(path, 'utf8')).pid, 8)
  assert.deepEqual(readdirSync(base), ['ready'])
  file.remove()
  file.remove()
  assert.equal(existsSync(path), false)
})

test('without a path nothing is written', () => {
  const file = new ReadyFile(undefined)
  file.write(READY)
  file.remove()
  assert.deepEqual(readdirSync(base), [])
})

test('a folder in its place is refused', () => {
  assert.throws(() => new ReadyFile(base).remove(), UsageError)
})
