import assert from 'node:assert/strict'
import { test } from 'node:test'
import { simulatedOs } from '@hufu/os/simulated'
import { sparingly } from './sparingly.ts'

test('what others cause is said once a second, with how often it went unsaid', async () => {
  const world = simulatedOs({ seed: 1 })
  const said: [string, number][] = []
  const say = sparingly(world.os.clock, (what: string, unsaid) => said.push([what, unsaid]))
  for (const what of ['a', 'b', 'c']) say(what)
  await world.runFor(1_000)
  say('d')
  await world.runFor(500)
  say('e')
  await world.runFor(5_000)
  say('f')
  assert.deepEqual(said, [
    ['a', 0],
    ['d', 2],
    ['f', 1],
  ])
})
