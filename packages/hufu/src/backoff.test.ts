import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Random } from '@hufu/os'
import { backoffMs } from './backoff.ts'

const drawing = (value: number): Random => ({ next: () => value, id: () => '' })

describe('backoff', () => {
  it('doubles from the first delay up to the cap', () => {
    const policy = { firstMs: 100, capMs: 1_000, jitter: false }
    const delays = [1, 2, 3, 4, 5, 60, 5_000].map((n) => backoffMs(n, policy, drawing(0)))
    assert.deepEqual(delays, [100, 200, 400, 800, 1_000, 1_000, 1_000])
  })

  it('with jitter lies in the upper half', () => {
    const policy = { firstMs: 100, capMs: 1_000, jitter: true }
    assert.equal(backoffMs(2, policy, drawing(0)), 100)
    assert.equal(backoffMs(2, policy, drawing(0.5)), 150)
    assert.equal(backoffMs(2, policy, drawing(0.999)), 200)
  })
})
