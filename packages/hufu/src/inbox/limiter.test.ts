import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Clock } from '@hufu/os'
import { Limiter } from './limiter.ts'

/** A clock that stands still until it is told. */
function manualClock() {
  const time = { ms: 0 }
  const clock: Clock = {
    now: () => time.ms,
    mono: () => time.ms,
    timer: () => ({ cancel() {} }),
    turn() {},
  }
  return { time, clock }
}

/** Takes whatever may start in each ms; the times of the starts. */
function starts(limiter: Limiter, time: { ms: number }, forMs: number, key?: string): number[] {
  const taken: number[] = []
  for (const end = time.ms + forMs; time.ms < end; time.ms++) {
    while (limiter.groupWaitMs() === 0 && limiter.keyWaitMs(key) === 0 && taken.length < 10_000) {
      limiter.take(key)
      taken.push(time.ms)
    }
  }
  return taken
}

/** The most starts in any window of `ms`. */
function most(taken: number[], ms: number): number {
  return Math.max(...taken.map((at) => taken.filter((t) => t >= at && t < at + ms).length))
}

describe('the rate limit', () => {
  it('never lets more through than rate × time and one burst of 100 ms', () => {
    const { time, clock } = manualClock()
    const taken = starts(new Limiter(clock, 10, '200/s'), time, 3_000)
    assert.ok(most(taken, 1_000) <= 220, `${most(taken, 1_000)} in a second`)
    assert.ok(most(taken, 1) <= 20)
    assert.ok(taken.length >= 590, `only ${taken.length} in three seconds`)
  })

  it('does not save up for a burst while nothing comes', () => {
    const { time, clock } = manualClock()
    const limiter = new Limiter(clock, 10, '10/s')
    time.ms = 60_000
    assert.ok(starts(limiter, time, 1).length <= 1)
  })

  it('keeps slow rates: 6 a minute are one in ten seconds', () => {
    const { time, clock } = manualClock()
    const taken = starts(new Limiter(clock, 10, '6/m'), time, 25_000)
    assert.equal(taken.length, 3)
    assert.ok(taken[1]! >= 10_000 && taken[2]! >= 20_000)
  })

  it('limits each key by itself, and messages without a key not at all', () => {
    const { time, clock } = manualClock()
    const limiter = new Limiter(clock, 10, { perKey: '1/s' })
    assert.equal(starts(limiter, time, 1, 'a').length, 1)
    assert.equal(starts(limiter, time, 1, 'b').length, 1)
    assert.equal(starts(limiter, time, 1, 'a').length, 0)
    assert.equal(limiter.keyWaitMs(undefined), 0)
  })

  it('holds for group and key together', () => {
    const { time, clock } = manualClock()
    const limiter = new Limiter(clock, 10, { group: '1/s', perKey: '1/s' })
    assert.equal(starts(limiter, time, 1, 'a').length, 1)
    assert.equal(starts(limiter, time, 1, 'b').length, 0)
  })

  it('may change while it runs', () => {
    const { time, clock } = manualClock()
    const limiter = new Limiter(clock, 10, '1/s')
    starts(limiter, time, 10)
    limiter.set('1000/s')
    assert.ok(starts(limiter, time, 100).length >= 90)
    limiter.set(undefined)
    assert.equal(limiter.groupWaitMs(), 0)
  })

  it('keeps a bounded number of keys', () => {
    const { clock } = manualClock()
    const limiter = new Limiter(clock, 2, { perKey: '1/s' })
    for (const key of ['a', 'b', 'c']) limiter.take(key)
    assert.ok(limiter.keyWaitMs('c') > 0)
    assert.equal(limiter.keyWaitMs('a'), 0, 'the oldest key was forgotten')
  })
})
