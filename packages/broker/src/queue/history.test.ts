import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CauseHistory, cutCause, withCause } from './history.ts'

test('the last ten causes of a row are kept, oldest first', () => {
  const history = new CauseHistory()
  for (let at = 1; at <= 13; at++) history.add(7, at, `cause ${at}`)
  const kept = history.of(7)
  assert.equal(kept.length, 10)
  assert.deepEqual(kept[0], { at: 4, cause: 'cause 4' })
  assert.deepEqual(kept[9], { at: 13, cause: 'cause 13' })
})

test('rows have their own history, and a settled row leaves none', () => {
  const history = new CauseHistory()
  history.add(1, 10, 'a')
  history.add(2, 20, 'b')
  assert.deepEqual(
    [...history],
    [
      [1, [{ at: 10, cause: 'a' }]],
      [2, [{ at: 20, cause: 'b' }]],
    ],
  )
  assert.deepEqual(history.forget(1), [{ at: 10, cause: 'a' }])
  assert.deepEqual(history.forget(1), [])
  assert.deepEqual(history.of(1), [])
  assert.equal(history.size, 1)
  history.clear()
  assert.equal(history.size, 0)
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
