import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '@hufu/os'
import { TurnShare } from './turn-share.ts'

/** A clock that goes on as the test says, and turns that wait for it. */
function handClock() {
  const turns: (() => void)[] = []
  const state = { now: 1_000, turns }
  const clock: Clock = {
    now: () => state.now,
    mono: () => state.now,
    timer: () => assert.fail('no timer is wanted'),
    turn: (fn) => void turns.push(fn),
  }
  return { state, clock }
}

test('who has worked for its share rests until the next turn, and is told then', () => {
  const { state, clock } = handClock()
  let rested = 0
  const share = new TurnShare(clock, () => rested++)
  share.begin(state.now)
  for (let n = 0; n < 100; n++) share.worked()
  assert.equal(share.resting, false)
  state.now += 20
  for (let n = 0; n < 4; n++) share.worked()
  assert.equal(share.resting, true)
  for (let n = 0; n < 100; n++) share.worked()
  assert.equal(state.turns.length, 1)
  // More has come: the rest is not over for that.
  share.begin(state.now)
  assert.equal(share.resting, true)
  state.turns.shift()!()
  assert.deepEqual([share.resting, rested], [false, 1])
  for (let n = 0; n < 100; n++) share.worked()
  assert.equal(share.resting, false)
  state.now += 20
  for (let n = 0; n < 4; n++) share.worked()
  assert.equal(share.resting, true)
})
