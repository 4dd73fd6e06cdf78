import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readOptions, UsageError } from './options.ts'

test('without options some thousand orders are generated and several kills are done', () => {
  const options = readOptions([])
  assert.ok(options.count >= 2_000 && options.kills >= 5)
  assert.equal(options.orders, undefined)
  assert.equal(options.json, false)
  assert.equal(options.pattern, 'outbox')
  assert.deepEqual(options.broker, { kind: 'server' })
  assert.ok(options.stall > 0)
})

test('the broker is one of its own, one that is there, or inside; half messages are inside', () => {
  const url = 'amqp://me:secret@host:5672/%2F'
  const cases = [
    ['--broker=server', { kind: 'server' }],
    ['--broker=embedded', { kind: 'embedded' }],
    [`--broker=${url}`, { kind: 'given', url }],
    ['--broker=amqps://host', { kind: 'given', url: 'amqps://host' }],
    ['--pattern=transactional-message', { kind: 'embedded' }],
  ] as const
  for (const [arg, broker] of cases) assert.deepEqual(readOptions([arg]).broker, broker, arg)
  const half = ['--pattern', 'transactional-message', '--broker']
  assert.deepEqual(readOptions([...half, 'embedded']).broker, { kind: 'embedded' })
  for (const other of ['server', url]) {
    assert.throws(() => readOptions([...half, other]), /AMQP has no half messages/)
  }
})

test('a broker that cannot be read is refused, and its password is not repeated', () => {
  for (const text of ['', 'rabbit', 'http://me:secret@host', 'amqp//me:secret@host']) {
    assert.throws(
      () => readOptions([`--broker=${text}`]),
      (error: Error) => error instanceof UsageError && !error.message.includes('secret'),
    )
  }
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
    ['--stall', '0'],
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
