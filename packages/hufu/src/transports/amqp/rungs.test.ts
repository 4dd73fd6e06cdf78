import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LONGEST_MS, rungOf } from './rungs.ts'

test('a wait is never shorter than the delay, and longer by an eighth at most', () => {
  for (let delayMs = 128; delayMs < LONGEST_MS; delayMs = Math.ceil(delayMs * 1.003)) {
    const rung = rungOf(delayMs)
    assert.ok(rung >= delayMs && rung <= delayMs * 1.125, `${delayMs} ms waits ${rung} ms`)
    assert.ok(Number.isInteger(rung))
  }
})

test('all delays together need fewer than 200 waits', () => {
  const rungs = new Set<number>()
  for (let ms = 1; ms < LONGEST_MS * 2; ms = Math.ceil(ms * 1.001)) rungs.add(rungOf(ms))
  assert.ok(rungs.size < 200, `${rungs.size}`)
})

test('what is too short or too long waits the shortest and the longest', () => {
  assert.equal(rungOf(1), 128)
  assert.equal(rungOf(LONGEST_MS * 10), LONGEST_MS)
})
