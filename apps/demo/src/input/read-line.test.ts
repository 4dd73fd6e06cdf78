import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LINE_BYTES_MAX } from './line-splitter.ts'
import { readLine } from './read-line.ts'

const GOOD = { id: 'o1', userId: 'u1', sku: 's1', cents: 1999, couponId: null }

function read(text: string | Buffer, number = 2) {
  return readLine({ number, bytes: Buffer.from(text), end: 0 })
}

function changed(change: object) {
  return read(JSON.stringify({ ...GOOD, ...change }))
}

function reason(reading: ReturnType<typeof read>) {
  return reading.kind === 'bad' ? reading.reason : reading.kind
}

test('an order is read; unknown fields are left out; a coupon may be absent', () => {
  assert.deepEqual(changed({ colour: 'red' }), { kind: 'order', order: GOOD })
  const { couponId: _, ...bare } = GOOD
  assert.deepEqual(read(JSON.stringify(bare)), { kind: 'order', order: GOOD })
  const used = changed({ couponId: 'c1' })
  assert.deepEqual(used, { kind: 'order', order: { ...GOOD, couponId: 'c1' } })
})

test('CRLF is accepted everywhere, a byte order mark before the first line only', () => {
  const text = JSON.stringify(GOOD)
  assert.equal(read(`${text}\r`).kind, 'order')
  assert.equal(read(`\uFEFF${text}`, 1).kind, 'order')
  assert.equal(reason(read(`\uFEFF${text}`, 2)), 'not valid JSON')
})

test('a line without bytes is empty; one with blanks is not', () => {
  assert.equal(read('').kind, 'empty')
  assert.equal(read('\r').kind, 'empty')
  assert.equal(read('\uFEFF\r', 1).kind, 'empty')
  assert.equal(reason(read('  ')), 'not valid JSON')
})

test('a line of 64 KiB is read, one byte more is refused, whatever stands around it', () => {
  const line = (bytes: number) => {
    const frame = JSON.stringify({ ...GOOD, note: '' }).length
    return JSON.stringify({ ...GOOD, note: 'x'.repeat(bytes - frame) })
  }
  assert.equal(read(line(LINE_BYTES_MAX)).kind, 'order')
  assert.equal(read(`\uFEFF${line(LINE_BYTES_MAX)}\r`, 1).kind, 'order')
  assert.equal(reason(read(line(LINE_BYTES_MAX + 1))), 'longer than 65536 bytes')
})

test('broken JSON, broken UTF-8 and what is no object are refused', () => {
  assert.equal(reason(read('{"id":')), 'not valid JSON')
  assert.equal(reason(read('['.repeat(60_000))), 'not valid JSON')
  const bytes = Buffer.concat([Buffer.from('{"id":"'), Buffer.from([0xff]), Buffer.from('"}')])
  assert.equal(reason(read(bytes)), 'not valid UTF-8')
  for (const text of ['[]', 'null', '7', '"o1"', 'true']) {
    assert.equal(reason(read(text)), 'an order must be a JSON object')
  }
})

test('each field must have its type and range', () => {
  for (const name of ['id', 'userId', 'sku']) {
    assert.equal(reason(changed({ [name]: 7 })), `${name} must be a string`)
    assert.equal(reason(changed({ [name]: undefined })), `${name} must be a string`)
    assert.equal(reason(changed({ [name]: '' })), `${name} must not be empty`)
    assert.equal(changed({ [name]: 'x'.repeat(255) }).kind, 'order')
    assert.match(reason(changed({ [name]: 'x'.repeat(256) })), /longer than 255/)
    assert.match(reason(changed({ [name]: '\ud800' })), /half a character/)
  }
  for (const cents of ['1999', 0, -1, 1.5, 2 ** 53, null, undefined, true]) {
    assert.match(reason(changed({ cents })), /cents must be a whole number/)
  }
  assert.equal(changed({ cents: Number.MAX_SAFE_INTEGER }).kind, 'order')
  for (const couponId of [7, {}, false]) {
    assert.equal(reason(changed({ couponId })), 'couponId must be a string or null')
  }
})
