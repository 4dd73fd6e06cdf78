import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeTable, encodeTable, readProperties, writeProperties } from '@hufu/wire/amqp091'
import { queueArguments } from '../../routing/queue-arguments.ts'
import { queueSettings } from '../../routing/settings.ts'
import { AmqpQueue } from './amqp-queue.ts'
import { withDeliveryCount } from './delivery-count.ts'
import { opened, storedForm } from './message-form.ts'

function queueWith(table: Record<string, { type: string; value: unknown }>): AmqpQueue {
  const declared = { name: 'q', durable: true, exclusive: false, autoDelete: false }
  const all = new Map(Object.entries(table))
  const given = queueArguments('/', declared, all)
  const settings = queueSettings(given, {})
  return new AmqpQueue({ ...declared, arguments: all }, given, settings, 'core/q', 0)
}

const QUORUM = queueWith({ 'x-queue-type': { type: 'S', value: 'quorum' } })
const LIMITED = queueWith({ 'x-delivery-limit': { type: 'I', value: 3 } })
const CLASSIC = queueWith({})

const headers = encodeTable([['a', { type: 'S', value: 'kept' }]])
const stored = storedForm('orders', 'eu', writeProperties({ headers, messageId: 'm' }))

function headersOf(properties: Uint8Array): unknown[] {
  const message = opened(properties)!
  const { headers = new Uint8Array(0), messageId } = readProperties(message.properties)
  const fields = decodeTable(headers).map(([name, { type, value }]) => [name, type, value])
  return [message.exchange, message.routingKey, messageId, ...fields]
}

test('the first delivery to a consumer has no count, the others have', () => {
  assert.equal(withDeliveryCount({ attempts: 0, properties: stored }, QUORUM), stored)
  for (const queue of [QUORUM, LIMITED]) {
    const second = withDeliveryCount({ attempts: 1, properties: stored }, queue)
    const kept = ['orders', 'eu', 'm', ['a', 'S', 'kept']]
    assert.deepEqual(headersOf(second), [...kept, ['x-delivery-count', 'l', 1n]])
  }
})

test('who gets a message is told always', () => {
  const first = withDeliveryCount({ attempts: 0, properties: stored }, QUORUM, true)
  assert.deepEqual(headersOf(first).at(-1), ['x-delivery-count', 'l', 0n])
})

test('a queue that counts nothing tells nothing', () => {
  assert.equal(withDeliveryCount({ attempts: 5, properties: stored }, CLASSIC, true), stored)
})

test('a message of another origin gets its count too', () => {
  const counted = withDeliveryCount({ attempts: 2, properties: new Uint8Array(0) }, QUORUM)
  assert.deepEqual(headersOf(counted), ['', 'q', undefined, ['x-delivery-count', 'l', 2n]])
})
