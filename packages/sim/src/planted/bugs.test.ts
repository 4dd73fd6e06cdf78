import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { BUGS } from './bugs.ts'

const PACKAGES = join(import.meta.dirname, '../../..')

test('each planted bug has its place exactly once, and changes it', () => {
  for (const { name, file, find, replace } of BUGS) {
    const pieces = readFileSync(join(PACKAGES, file), 'utf8').split(find)
    assert.equal(pieces.length, 2, `${name}: its place is ${pieces.length - 1} times in ${file}`)
    assert.notEqual(find, replace, name)
  }
})

test('there are at least twenty, each with a name of its own', () => {
  assert.ok(BUGS.length >= 20)
  assert.equal(new Set(BUGS.map(({ name }) => name)).size, BUGS.length)
})
