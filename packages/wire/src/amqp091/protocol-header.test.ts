import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PROTOCOL_HEADER, readProtocolHeader } from './protocol-header.ts'

test('the header of 0-9-1 is incomplete until its last byte, whatever follows', () => {
  for (let count = 0; count < 8; count++) {
    assert.equal(readProtocolHeader(PROTOCOL_HEADER.subarray(0, count)), 'incomplete')
  }
  assert.equal(readProtocolHeader(PROTOCOL_HEADER), 'amqp091')
  assert.equal(readProtocolHeader(new Uint8Array([...PROTOCOL_HEADER, 1, 2])), 'amqp091')
})

test('the header of 0-9 is taken as one of 0-9-1', () => {
  assert.equal(readProtocolHeader(Buffer.from('AMQP\x01\x01\x00\x09', 'latin1')), 'amqp091')
})

test('anything else is another protocol from its first wrong byte on', () => {
  for (const other of ['G', 'AMQp', 'GET / HTTP/1.1', 'AMQP\0\x01\0\0', 'AMQP\x01\x01\x09\x01']) {
    assert.equal(readProtocolHeader(Buffer.from(other, 'latin1')), 'other', other)
  }
})
