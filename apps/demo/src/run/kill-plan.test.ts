import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CRASH_POINTS } from './crash-points.ts'
import { killPlan } from './kill-plan.ts'

test('a plan has exactly the kills asked for, in rising order, the same for the same seed', () => {
  for (const kills of [0, 1, 3, 20, 500]) {
    const plan = killPlan(7, kills)
    assert.equal(plan.length, kills)
    assert.deepEqual(killPlan(7, kills), plan)
    for (const [at, kill] of plan.entries()) {
      assert.ok(kill.share >= (plan[at - 1]?.share ?? 0) && kill.share <= 1)
      assert.ok(kill.delayMs >= 0)
    }
  }
  assert.notDeepEqual(killPlan(8, 20), killPlan(7, 20))
})

test('a plan has kills at work, while starting, and after the last order', () => {
  const plan = killPlan(1, 200)
  assert.ok(plan.some((kill) => kill.moment === 'starting'))
  assert.ok(plan.some((kill) => kill.moment === 'working' && kill.share < 0.5))
  assert.ok(plan.some((kill) => kill.share === 1))
  assert.equal(plan[0]?.moment, 'working')
})

test('points are taken in turn by kills at work; the other kills stay as they are', () => {
  const plan = killPlan(7, 100, CRASH_POINTS)
  const at = plan.filter((kill) => kill.point !== undefined)
  assert.ok(at.length >= 30 && at.length < 100)
  for (const [index, kill] of at.entries()) {
    assert.equal(kill.point, CRASH_POINTS[index % CRASH_POINTS.length])
    assert.equal(kill.moment, 'working')
  }
  const without = plan.map(({ moment, share, delayMs }) => ({ moment, share, delayMs }))
  assert.deepEqual(without, killPlan(7, 100))
})
