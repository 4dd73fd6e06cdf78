import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readOptions, UsageError } from './options.ts'

test('a mode is enough; every option is read', () => {
  const { mode, trials, bytes, fileSystems, json } = readOptions(['kill'])
  assert.deepEqual(
    { mode, json, fileSystems },
    { mode: 'kill', json: false, fileSystems: ['ext4', 'xfs'] },
  )
  assert.ok(trials > 0 && bytes > 0)
  const given = readOptions('power --trials 7 --seed 3 --fs xfs --json'.split(' '))
  assert.deepEqual(
    [given.mode, given.trials, given.seed, given.fileSystems, given.json],
    ['power', 7, 3, ['xfs'], true],
  )
  assert.equal(readOptions(['flip', '--bytes', '4096']).bytes, 4_096)
})

for (const args of [
  '',
  'burn',
  'kill cut',
  'kill --trials 0',
  'cut --bytes x',
  'power --fs fat',
  'kill -x',
]) {
  test(`'${args}' is refused`, () => {
    const given = args.split(' ').filter((word) => word !== '')
    assert.throws(() => readOptions(given), UsageError)
  })
}
