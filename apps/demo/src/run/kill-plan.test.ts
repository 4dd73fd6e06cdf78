import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CRASH_POINTS } from './crash-points.ts'
import type { Strike } from './kill-plan.ts'
import { killPlan } from './kill-plan.ts'

const ONE = ['worker'] as const
const FIVE = ['broker', 'order', 'coupon', 'points', 'sms'] as const

function killed(plan: readonly Strike[]): string[] {
  return plan.flatMap(({ targets }) => targets)
}

test('a plan has exactly the kills asked for, in rising order, the same for the same seed', () => {
  for (const processes of [ONE, FIVE]) {
    for (const kills of [0, 1, 3, 20, 500]) {
      const plan = killPlan(7, kills, processes)
      assert.equal(killed(plan).length, kills)
      assert.deepEqual(killPlan(7, kills, processes), plan)
      for (const [at, kill] of plan.entries()) {
        assert.ok(kill.share >= (plan[at - 1]?.share ?? 0) && kill.share <= 1)
        assert.ok(kill.delayMs >= 0)
      }
    }
    assert.notDeepEqual(killPlan(8, 20, processes), killPlan(7, 20, processes))
  }
})

test('a plan has kills at work, while starting, and after the last order', () => {
  for (const processes of [ONE, FIVE]) {
    const plan = killPlan(1, 200, processes)
    assert.ok(plan.some((kill) => kill.moment === 'starting'))
    assert.ok(plan.some((kill) => kill.moment === 'working' && kill.share < 0.5))
    assert.ok(plan.some((kill) => kill.share === 1))
    assert.equal(plan[0]?.moment, 'working')
  }
})

test('processes take turns: none is hit twice before all were, but while it starts', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const atWork = killPlan(seed, 60, FIVE).filter(({ moment }) => moment === 'working')
    const turns = killed(atWork)
    for (const name of FIVE) {
      const times = turns.filter((each) => each === name).length
      assert.ok(Math.abs(times - turns.length / FIVE.length) < 2, `${name} ${times} times`)
    }
    assert.deepEqual(new Set(turns.slice(0, FIVE.length)).size, FIVE.length)
  }
})

test('some strikes hit two different processes at once; of one process never', () => {
  const two = killPlan(3, 200, FIVE).filter(({ targets }) => targets.length > 1)
  assert.ok(two.length >= 10 && two.length < 60)
  for (const { targets, moment } of two) {
    assert.equal(new Set(targets).size, 2)
    assert.equal(moment, 'working')
  }
  assert.ok(killPlan(3, 200, ONE).every(({ targets }) => targets.length === 1))
})

test('a kill at the start hits a process that was killed right before', () => {
  const plan = killPlan(5, 200, FIVE)
  for (const [at, { moment, targets }] of plan.entries()) {
    if (moment === 'starting') assert.ok(plan[at - 1]?.targets.includes(targets[0]!))
  }
})

test('points are taken in turn by kills at work; the other kills stay as they are', () => {
  const plan = killPlan(7, 100, ONE, CRASH_POINTS)
  const at = plan.filter((kill) => kill.point !== undefined)
  assert.ok(at.length >= 30 && at.length < 100)
  for (const [index, kill] of at.entries()) {
    assert.equal(kill.point, CRASH_POINTS[index % CRASH_POINTS.length])
    assert.equal(kill.moment, 'working')
  }
  const without = plan.map(({ point, ...rest }) => rest)
  assert.deepEqual(without, killPlan(7, 100, ONE))
})
