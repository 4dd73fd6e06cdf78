import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Clock, sleep } from './clock.ts'

/** A clock under test, and a way to run what uses it. */
export interface ClockUnderTest {
  readonly clock: Clock
  run(body: () => Promise<void>): Promise<void>
}

/** What every implementation of `Clock` keeps; each rule gets a fresh one from `open`. */
export function clockContract(name: string, open: () => ClockUnderTest): void {
  for (const [rule, body] of Object.entries(rules)) {
    test(`${name}: ${rule}`, async () => {
      const { clock, run } = open()
      await run(() => body(clock))
    })
  }
}

const rules: Record<string, (clock: Clock) => Promise<void>> = {
  'a timer never fires early': async (clock) => {
    const waits = [0, 0.5, 1, 1.2, 3.9, 10, 25.25]
    const early = waits.map(async (ms) => {
      const start = clock.mono()
      await new Promise<void>((resolve) => clock.timer(ms, resolve))
      const passed = clock.mono() - start
      return passed < ms ? `${passed} of ${ms} ms` : undefined
    })
    assert.deepEqual(
      (await Promise.all(early)).filter((found) => found !== undefined),
      [],
    )
  },
  'a timer fires once, and never within the call': async (clock) => {
    let fired = 0
    clock.timer(0, () => fired++)
    assert.equal(fired, 0)
    await sleep(clock, 20)
    assert.equal(fired, 1)
  },
  'a negative time counts as none': async (clock) => {
    await new Promise<void>((resolve) => clock.timer(-5, resolve))
  },
  'a cancelled timer does not fire, and cancelling again is harmless': async (clock) => {
    let fired = 0
    const timer = clock.timer(1, () => fired++)
    timer.cancel()
    timer.cancel()
    await sleep(clock, 20)
    assert.equal(fired, 0)
  },
  'a timer longer than 2^31 ms does not fire at once': async (clock) => {
    let fired = 0
    const timers = [2 ** 31, 2 ** 32 + 5, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY].map(
      (ms) => clock.timer(ms, () => fired++),
    )
    await sleep(clock, 20)
    for (const timer of timers) timer.cancel()
    assert.equal(fired, 0)
  },
  'monotonic time does not go back, and wall-clock time is whole milliseconds': async (clock) => {
    let last = clock.mono()
    for (let round = 0; round < 20; round++) {
      await new Promise<void>((resolve) => clock.turn(resolve))
      assert.ok(clock.mono() >= last)
      assert.ok(Number.isInteger(clock.now()))
      last = clock.mono()
    }
  },
  'turns run in order, after the call and after the promises that are settled': async (clock) => {
    const seen: string[] = []
    const turns = ['first', 'second', 'third'].map(
      (turn) =>
        new Promise<void>((resolve) =>
          clock.turn(() => {
            seen.push(turn)
            resolve()
          }),
        ),
    )
    seen.push('call')
    Promise.resolve().then(() => seen.push('promise'))
    await Promise.all(turns)
    assert.deepEqual(seen, ['call', 'promise', 'first', 'second', 'third'])
  },
  'sleep ends at once when its signal aborts, before or while it sleeps': async (clock) => {
    await sleep(clock, 1e9, AbortSignal.abort())
    const stop = new AbortController()
    const slept = sleep(clock, 1e9, stop.signal)
    clock.timer(1, () => stop.abort())
    await slept
  },
}
