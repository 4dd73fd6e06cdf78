import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Duration, Rate } from './duration.ts'
import { durationMs, ratePerSecond } from './duration.ts'

describe('durations and rates', () => {
  it('a duration is a number of ms or a number with a unit', () => {
    const given: Duration[] = [250, '200ms', '5s', '1.5s', '10m', '1h', '2d']
    const ms = [250, 200, 5_000, 1_500, 600_000, 3_600_000, 172_800_000]
    assert.deepEqual(
      given.map((value) => durationMs(value, 'x')),
      ms,
    )
  })

  it('anything else is refused, with the name of the option', () => {
    for (const value of ['', '5', '5 s', '-1s', '1w', -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => durationMs(value as Duration, 'ttl'), {
        code: 'ARGUMENT',
        message: `Reading ttl: ${value} is no duration`,
      })
    }
  })

  it('a rate is so many per second or minute', () => {
    assert.equal(ratePerSecond('200/s', 'x'), 200)
    assert.equal(ratePerSecond('60/m', 'x'), 1)
    for (const value of ['0/s', '5', '5/h', '-1/s', 5]) {
      assert.throws(() => ratePerSecond(value as Rate, 'rate'), { code: 'ARGUMENT' })
    }
  })
})
