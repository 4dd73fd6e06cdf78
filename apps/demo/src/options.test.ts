import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readOptions, UsageError } from './options.ts'

test('without options some thousand orders are generated and several kills are done', () => {
  const options = readOptions([])
  assert.ok(options.count >= 2_000 && options.kills >= 5)
  assert.equal(options.orders, undefined)
  assert.equal(options.json, false)
  assert.equal(options.pattern, 'outbox')
})

test('every option is read', () => {
  const args = '--orders - --kills 20 --seed 7 --json --data d --rate 100 --pattern outbox'.split(
    ' ',
  )
  const { pattern, orders, kills, seed, json, data, rate } = readOptions(args)
  assert.deepEqual(
    { pattern, orders, kills, seed, json, data, rate },
    { pattern: 'outbox', orders: '-', kills: 20, seed: 7, json: true, data: 'd', rate: 100 },
  )
  assert.equal(readOptions(['--kills', '0', '--seed', '0']).kills, 0)
  const other = 'transactional-message'
  assert.equal(readOptions(['--pattern', other]).pattern, other)
})

test('what cannot be read is refused', () => {
  const wrong = [
    ['--kills', '-1'],
    ['--kills=1.5'],
    ['--kills=1e3'],
    ['--kills='],
    ['--kills=10001'],
    ['--seed', 'x'],
    ['--rate', '0'],
    ['--orders='],
    ['--orders'],
    ['--orders', 'f', '--count', '3'],
    ['--pattern', 'transactional'],
    ['--pattern='],
    ['--nothing'],
    ['file.jsonl'],
  ]
  for (const args of wrong) assert.throws(() => readOptions(args), UsageError, args.join(' '))
})
