import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UsageError } from '../options.ts'
import { readHalfOptions } from './options.ts'

test('without options there are 1,000 messages and 50 kills', () => {
  const { messages, kills, json, help } = readHalfOptions([])
  assert.deepEqual([messages, kills, json, help], [1_000, 50, false, false])
})

test('every option is read', () => {
  const args = '--messages 10 --kills 0 --seed 7 --json'.split(' ')
  const expected = { messages: 10, kills: 0, seed: 7, json: true, help: false }
  assert.deepEqual(readHalfOptions(args), expected)
})

test('what cannot be read is refused', () => {
  const wrong = [['--messages', '0'], ['--kills', 'x'], ['--seed='], ['--trials', '3'], ['more']]
  for (const args of wrong) assert.throws(() => readHalfOptions(args), UsageError, args.join(' '))
})
