import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Latency } from './latency.ts'

test('percentiles are the upper end of their step of 10 µs', () => {
  const latency = new Latency()
  for (let ms = 1; ms <= 100; ms++) latency.add(ms)
  assert.deepEqual(latency.percentiles(), { p50: 50.01, p99: 99.01 })
})

test('longer than a second counts as a second; after a reset there is nothing', () => {
  const latency = new Latency()
  latency.add(5_000)
  assert.deepEqual(latency.percentiles(), { p50: 1_000.01, p99: 1_000.01 })
  latency.reset()
  assert.equal(latency.percentiles(), undefined)
})
