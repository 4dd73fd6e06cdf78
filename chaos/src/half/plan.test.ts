import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deathsOf, kindsOf } from './plan.ts'

test('half commit, three in ten roll back, two in ten are silent, half of those committed', () => {
  const kinds = kindsOf(7, 1_000)
  const count = (kind: string) => kinds.filter((each) => each === kind).length
  const counts = ['commit', 'rollback', 'silentCommit', 'silentNothing'].map(count)
  assert.deepEqual(counts, [500, 300, 100, 100])
  assert.deepEqual(kindsOf(7, 1_000), kinds)
  assert.notDeepEqual(kindsOf(8, 1_000), kinds)
})

test('exactly the deaths asked for, of every sort, the messages shared out among the lives', () => {
  const deaths = deathsOf(7, 1_000, 50)
  assert.equal(deaths.length, 50)
  assert.deepEqual(deathsOf(7, 1_000, 50), deaths)
  assert.equal(new Set(deaths.flatMap(({ at }) => at?.point ?? [])).size, 7)
  assert.ok(deaths.some(({ early }) => early))
  assert.ok(deaths.some(({ early, at }) => !early && at === undefined))
  for (const [life, { upTo }] of deaths.entries()) {
    assert.ok(upTo >= (deaths[life - 1]?.upTo ?? 1) && upTo < 1_000)
  }
})
