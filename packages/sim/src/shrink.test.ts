import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readSteps, stepsText } from './cli/options.ts'
import { runSeed, stepsOf, WORLDS } from './run.ts'

test('a plan cut down keeps the numbers and the contents of its steps', () => {
  for (const world of WORLDS) {
    const whole = stepsOf(world, 7)
    const some = stepsOf(world, 7, new Set([1, 3]))
    assert.deepEqual(some, [whole[1], whole[3]])
  }
})

test('a world without any step still runs to its end', async () => {
  for (const world of WORLDS) {
    const { violation } = await runSeed(world, 7, new Set())
    assert.equal(violation, undefined)
  }
})

test('step numbers are written as ranges and read back', () => {
  const steps = [0, 1, 2, 5, 7, 8]
  assert.equal(stepsText(steps), '0-2,5,7-8')
  assert.deepEqual([...readSteps('0-2,5,7-8')], steps)
  assert.deepEqual([...readSteps(stepsText([]))], [])
})
