import assert from 'node:assert/strict'
import { test } from 'node:test'
import { messageOf, storedForm } from './message-form.ts'

test('exchange, routing key and properties come back as they were stored', () => {
  const properties = new Uint8Array([0x10, 0, 2])
  for (const [exchange, key] of [
    ['', ''],
    ['amq.topic', 'a.b.c'],
    ['x'.repeat(255), 'ü'.repeat(127)],
  ] as const) {
    const body = new Uint8Array([1, 2])
    const back = messageOf(storedForm(exchange, key, properties), body)
    assert.deepEqual(back, {
      exchange,
      routingKey: key,
      properties: Buffer.from(properties),
      body,
    })
  }
})

test('what something else has stored is none', () => {
  assert.equal(messageOf(new Uint8Array(0), new Uint8Array(0)), undefined)
  assert.equal(messageOf(new Uint8Array([9, 0, 0]), new Uint8Array(0)), undefined)
})
