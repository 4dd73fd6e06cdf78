import assert from 'node:assert/strict'
import { it } from 'node:test'
import { readOptions, UsageError } from './options.ts'

it('amqp is what is played, whether it is said or not', () => {
  assert.deepEqual(readOptions(['amqp', '--json']), readOptions(['--json']))
})

it('a part of a name chooses the programs', () => {
  assert.equal(readOptions(['--only', 'pika/']).only, 'pika/')
})

it('what is not known is refused', () => {
  assert.throws(() => readOptions(['rocketmq']), UsageError)
  assert.throws(() => readOptions(['--unheard-of']), UsageError)
})
