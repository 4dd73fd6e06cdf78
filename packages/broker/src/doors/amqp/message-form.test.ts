import assert from 'node:assert/strict'
import { test } from 'node:test'
import { envelopeOf, storedForm } from './message-form.ts'

test('the envelope is exchange, routing key and properties behind each other', () => {
  const properties = Uint8Array.of(0x10, 0, 2)
  const { bytes, at } = envelopeOf(storedForm('ex', 'ü', properties), 'q')
  assert.deepEqual([...bytes.subarray(at)], [2, 0x65, 0x78, 2, 0xc3, 0xbc, 0x10, 0, 2])
})

test('what something else has stored comes from the default exchange', () => {
  for (const stored of [new Uint8Array(0), Uint8Array.of(9, 1, 2)]) {
    const { bytes, at } = envelopeOf(stored, 'q')
    assert.deepEqual([...bytes.subarray(at)], [0, 1, 0x71, 0, 0])
  }
})
