import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pace } from './pace.ts'

test('never more than the rate goes through, the first wave apart', async () => {
  const pace = new Pace(500)
  const startedAt = performance.now()
  for (let count = 0; count < 601; count++) await pace.next()
  // 200 in each wave of 400 ms: the 601st belongs to the fourth.
  assert.ok(performance.now() - startedAt >= 1_195)
})

test('less than one per wave gets through; a new rate counts from the next wave', async () => {
  const pace = new Pace(2)
  const startedAt = performance.now()
  await pace.next()
  assert.ok(performance.now() - startedAt >= 395)
  pace.rate = 1_000_000
  for (let count = 0; count < 10_000; count++) await pace.next()
})
