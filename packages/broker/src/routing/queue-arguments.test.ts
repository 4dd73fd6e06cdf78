import assert from 'node:assert/strict'
import { test } from 'node:test'
import { queueArguments } from './queue-arguments.ts'
import { tableOf } from './world.fixture.ts'

function parsed(values: Record<string, unknown>, properties = {}) {
  const queue = { name: 'q', durable: true, exclusive: false, autoDelete: false, ...properties }
  return queueArguments('/', queue, tableOf(values))
}

function refused(values: Record<string, unknown>, text: string, properties = {}): void {
  const message = `invalid ${text}`
  assert.throws(() => parsed(values, properties), { reason: 'argument', message })
}

test('what a declaration asks for comes out typed, and nothing else', () => {
  assert.deepEqual(parsed({ 'x-other': 'kept', 'x-priority': 1 }), { type: 'classic' })
  const values = {
    'x-message-ttl': { type: 'l', value: 60_000n },
    'x-expires': 1,
    'x-max-length': 0,
    'x-max-length-bytes': 2 ** 40,
    'x-overflow': 'reject-publish',
    'x-dead-letter-exchange': '',
    'x-dead-letter-routing-key': 'dead',
    'x-max-priority': 255,
    'x-single-active-consumer': true,
    'x-delivery-limit': -1,
    'x-consumer-timeout': 5,
  }
  assert.deepEqual(parsed(values), {
    type: 'classic',
    messageTtlMs: 60_000,
    expiresMs: 1,
    maxLength: 0,
    maxLengthBytes: 2 ** 40,
    overflow: 'reject-publish',
    deadLetterExchange: '',
    deadLetterRoutingKey: 'dead',
    maxPriority: 255,
    singleActiveConsumer: true,
    deliveryLimit: -1,
    consumerTimeoutMs: 5,
  })
  assert.deepEqual(parsed({ 'x-queue-type': 'quorum', 'x-delivery-limit': 3 }), {
    type: 'quorum',
    deliveryLimit: 3,
  })
})

test('wrong types and values are refused in the words that RabbitMQ uses', () => {
  const of = (name: string, why: string) => `arg '${name}' for queue 'q' in vhost '/': ${why}`
  const cases: [string, unknown, string][] = [
    ['x-message-ttl', 'soon', '"expected integer, got longstr"'],
    ['x-message-ttl', -1, '{value_negative,-1}'],
    ['x-message-ttl', { type: 'l', value: 2n ** 60n }, `{value_too_large,${2n ** 60n}}`],
    ['x-expires', 0, '{value_zero,0}'],
    ['x-max-length', 1.5, '"expected integer, got double"'],
    ['x-max-priority', 256, '{max_value_exceeded,256}'],
    ['x-overflow', 'spill', 'invalid_overflow'],
    ['x-overflow', 1, '{unacceptable_type,signedint}'],
    ['x-expires', 315_360_000_001, '{value_too_large,315360000001}'],
    ['x-queue-mode', 'odd', `"unsupported queue mode 'odd'"`],
    ['x-queue-version', 3, `"unsupported queue version '3'"`],
    ['x-dead-letter-routing-key', 'k', 'routing_key_but_no_dlx_defined'],
    ['x-dead-letter-routing-key', 3, '{unacceptable_type,signedint}'],
    ['x-single-active-consumer', 'yes', '{unacceptable_type,longstr}'],
    ['x-queue-type', 'stream', `"unsupported queue type 'stream'"`],
    ['x-queue-type', 1, '{unacceptable_type,signedint}'],
  ]
  for (const [name, value, why] of cases) refused({ [name]: value }, of(name, why))
  const two = { 'x-dead-letter-routing-key': 'k', 'x-max-length': -1 }
  refused(two, of('x-dead-letter-routing-key', 'routing_key_but_no_dlx_defined'))
  refused({ ...two, 'x-message-ttl': -1 }, of('x-message-ttl', '{value_negative,-1}'))
  const odd = "type 'signedint' for arg 'x-dead-letter-exchange' in queue 'q' in vhost '/'"
  refused({ 'x-dead-letter-exchange': 1 }, odd)
})

test('a quorum queue refuses what only a classic one has, and the other way round', () => {
  const quorum = { 'x-queue-type': 'quorum' }
  const named = "queue 'q' in vhost '/'"
  refused(
    { ...quorum, 'x-max-priority': 5 },
    `arg 'x-max-priority' for ${named} of queue type rabbit_quorum_queue`,
  )
  refused(
    { 'x-dead-letter-strategy': 'at-least-once' },
    `arg 'x-dead-letter-strategy' for ${named} of queue type rabbit_classic_queue`,
  )
  refused({ 'x-max-age': '1D' }, `arg 'x-max-age' for ${named} of queue type rabbit_classic_queue`)
  const all = { autoDelete: true, exclusive: true, durable: false }
  refused(quorum, `property 'auto-delete' for ${named}`, all)
  refused(quorum, `property 'exclusive-owner' for ${named}`, { exclusive: true })
  refused(quorum, `property 'non-durable' for ${named}`, { durable: false })
  assert.throws(() => parsed(quorum, { name: '' }), {
    message: 'Cannot declare a server-named queue for type rabbit_quorum_queue',
  })
})
