import assert from 'node:assert/strict'
import { test } from 'node:test'
import { killsWarning } from './estimate.ts'

test('kills that the orders can take, or a few, give no warning', () => {
  assert.equal(killsWarning(10, 6_000), undefined)
  assert.equal(killsWarning(100, 100), undefined)
  assert.equal(killsWarning(3, 1), undefined)
})

test('more kills than lines are warned of, with what they take', () => {
  assert.match(killsWarning(100, 20)!, /^100 kills for 20 lines of input: .* about 70 s\.$/)
  assert.match(killsWarning(1_000, 100)!, /about 12 min\.$/)
  assert.match(killsWarning(10_000, 100)!, /about 1\.9 h\.$/)
})
