import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UsageError } from '../verb.ts'
import { formatAddress, parseAddress } from './address.ts'

test('an address is host and port, IPv6 in brackets', () => {
  const read: Record<string, [host: string, port: number]> = {
    '127.0.0.1:5672': ['127.0.0.1', 5672],
    'localhost:0': ['localhost', 0],
    '0.0.0.0:65535': ['0.0.0.0', 65_535],
    '[::1]:0': ['::1', 0],
    '[fe80::1:2]:5671': ['fe80::1:2', 5671],
  }
  for (const [text, [host, port]] of Object.entries(read)) {
    assert.deepEqual(parseAddress('amqp', text), { host, port })
    assert.equal(formatAddress({ host, port }), text)
  }
})

test('a port alone is on this machine only', () => {
  assert.deepEqual(parseAddress('amqp', ':0'), { host: '127.0.0.1', port: 0 })
})

test('what is no address is refused', () => {
  for (const text of [
    '',
    '5672',
    'localhost',
    'a:b',
    'a:-1',
    '::1:5672',
    'a:65536',
    '[]:1',
    'a:',
  ]) {
    assert.throws(() => parseAddress('amqp', text), UsageError, text)
  }
  assert.throws(() => parseAddress('amqps', 'here'), {
    message: /^Cannot use amqps 'here': it is not HOST:PORT or \[IPv6\]:PORT/,
  })
})
