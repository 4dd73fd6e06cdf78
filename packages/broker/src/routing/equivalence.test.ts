import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sameExchange, sameQueue } from './equivalence.ts'
import { exchangeOf, tableOf } from './world.fixture.ts'

type Values = Record<string, unknown>

function queueOf(values: Values, properties = {}) {
  return { name: 'q', durable: true, autoDelete: false, arguments: tableOf(values), ...properties }
}

function same(current: Values, received: Values): void {
  sameQueue('/', queueOf(current), queueOf(received))
}

function differs(current: Values, received: Values, text: string): void {
  const message = `inequivalent arg ${text}`
  assert.throws(() => same(current, received), { reason: 'inequivalent', message })
}

test('a property that differs is named with both values', () => {
  const text = "for queue 'q' in vhost '/': received 'true' but current is 'false'"
  assert.throws(() => sameQueue('/', queueOf({}, { durable: false }), queueOf({})), {
    message: `inequivalent arg 'durable' ${text}`,
  })
  assert.throws(() => sameQueue('/', queueOf({}), queueOf({}, { autoDelete: true })), {
    message: `inequivalent arg 'auto_delete' ${text}`,
  })
})

test('an argument that differs, or is there only once, is named', () => {
  const where = "for queue 'q' in vhost '/'"
  differs(
    { 'x-message-ttl': 1 },
    { 'x-message-ttl': 2 },
    `'x-message-ttl' ${where}: received '2' but current is '1'`,
  )
  differs(
    {},
    { 'x-max-length': { type: 'l', value: 5n } },
    `'x-max-length' ${where}: received the value '5' of type 'long' but current is none`,
  )
  differs(
    { 'x-dead-letter-exchange': 'dlx' },
    {},
    `'x-dead-letter-exchange' ${where}: ` +
      `received none but current is the value 'dlx' of type 'longstr'`,
  )
  differs(
    { 'x-max-priority': 1 },
    { 'x-max-priority': { type: 'd', value: 1 } },
    `'x-max-priority' ${where}: received '1.0' but current is '1'`,
  )
})

test('whole numbers of all types are equal by value', () => {
  for (const type of 'bBsuIilL') {
    same({ 'x-expires': 100 }, { 'x-expires': { type, value: type === 'l' ? 100n : 100 } })
  }
})

test('no queue type is the type classic', () => {
  same({}, { 'x-queue-type': 'classic' })
  same({ 'x-queue-type': 'classic' }, {})
  const where = "for queue 'q' in vhost '/'"
  differs(
    { 'x-queue-type': 'quorum' },
    {},
    `'x-queue-type' ${where}: received none but current is the value 'quorum' of type 'longstr'`,
  )
  differs(
    { 'x-queue-type': 'classic' },
    { 'x-queue-type': 'quorum' },
    `'x-queue-type' ${where}: received 'quorum' but current is 'classic'`,
  )
})

test('arguments that the type of the queue does not know do not count', () => {
  same({ mine: 1 }, { mine: 2 })
  same({ 'x-queue-type': 'quorum', 'x-max-priority': 1 }, { 'x-queue-type': 'quorum' })
})

test('an exchange is the same by type, properties and alternate exchange', () => {
  const current = exchangeOf('x', 'direct', { arguments: tableOf({ other: 1 }) })
  sameExchange('/', current, exchangeOf('x', 'direct'))
  const differsIn = (received: Parameters<typeof exchangeOf>[2], text: string, type = 'direct') => {
    const other = exchangeOf('x', type as 'direct', received)
    const message = `inequivalent arg ${text}`
    assert.throws(() => sameExchange('/', current, other), { reason: 'inequivalent', message })
  }
  const where = "for exchange 'x' in vhost '/'"
  differsIn({}, `'type' ${where}: received 'topic' but current is 'direct'`, 'topic')
  differsIn({ internal: true }, `'internal' ${where}: received 'true' but current is 'false'`)
  differsIn(
    { arguments: tableOf({ 'alternate-exchange': 'a' }) },
    `'alternate-exchange' ${where}: ` +
      `received the value 'a' of type 'longstr' but current is none`,
  )
})
