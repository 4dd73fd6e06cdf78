import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Cause, cutCause, withCause } from './history.ts'

test('the last ten causes are kept, oldest first', () => {
  let history: readonly Cause[] = []
  for (let at = 1; at <= 13; at++) history = withCause(history, at, `cause ${at}`)
  assert.equal(history.length, 10)
  assert.deepEqual(history[0], { at: 4, cause: 'cause 4' })
  assert.deepEqual(history[9], { at: 13, cause: 'cause 13' })
})

test('a history that was read does not change with the next failure', () => {
  const before = withCause([], 1, 'a')
  const after = withCause(before, 2, 'b')
  assert.equal(before.length, 1)
  assert.equal(after.length, 2)
})

test('a cause is cut to 500 characters', () => {
  assert.equal(cutCause('x'.repeat(500)), 'x'.repeat(500))
  assert.equal(cutCause('x'.repeat(501)), 'x'.repeat(500))
  assert.equal(cutCause(''), '')
  assert.equal(withCause([], 1, 'y'.repeat(5_000))[0]?.cause.length, 500)
})

test('a cut never leaves half a surrogate', () => {
  assert.equal(cutCause('虎'.repeat(600)), '虎'.repeat(500))
  assert.equal(cutCause('🐅'.repeat(600)), '🐅'.repeat(500))
  assert.equal(cutCause(`a${'🐅'.repeat(600)}`), `a${'🐅'.repeat(499)}`)
  assert.equal(cutCause('a\ud83d'), 'a\ufffd')
})
