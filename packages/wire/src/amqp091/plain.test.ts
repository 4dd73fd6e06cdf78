import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodePlain, type PlainFields, plainOf, shortText } from './plain.ts'
import { decodeTable } from './table-decode.ts'
import { encodeTable } from './table-encode.ts'

test('ordinary values get these types', () => {
  const tagOf = (value: PlainFields[string]) => decodeTable(encodePlain({ value }))[0]?.[1].type
  assert.equal(tagOf('text'), 'S')
  assert.equal(tagOf(true), 't')
  for (const int of [0, 2 ** 31 - 1, -(2 ** 31)]) assert.equal(tagOf(int), 'I')
  for (const long of [2 ** 31, -(2 ** 31) - 1, 2 ** 53 - 1, 1n]) assert.equal(tagOf(long), 'l')
  for (const double of [0.5, -0, 2 ** 53, Number.NaN]) assert.equal(tagOf(double), 'd')
  assert.equal(tagOf(null), 'V')
  assert.equal(tagOf(new Uint8Array(1)), 'x')
  assert.equal(tagOf([1]), 'A')
  assert.equal(tagOf({ a: 1 }), 'F')
  assert.equal(tagOf(undefined), undefined)
})

test('ordinary values come back as they were', () => {
  const value = {
    ...{ a: 'x', b: 1, c: 2 ** 40, d: 2n ** 60n, e: 0.1, f: false, g: null },
    ...{ h: new Uint8Array([1]), i: [1, 'two', [true]], j: { k: { l: -1 } } },
  }
  const back = plainOf(encodePlain(value))
  assert.deepEqual(back, Object.assign(Object.create(null), back))
  assert.deepEqual(JSON.stringify(back, tellBigInts), JSON.stringify(value, tellBigInts))
})

function tellBigInts(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value
}

test('numbers lose their types, and only what a number cannot hold is a bigint', () => {
  const raw = encodeTable([
    ['T', { type: 'T', value: 1_700_000_000n }],
    ['L', { type: 'L', value: 2n ** 53n }],
    ['D', { type: 'D', value: { scale: 2, digits: 314 } }],
    ['s', { type: 's', value: -3 }],
  ])
  assert.deepEqual({ ...plainOf(raw) }, { T: 1_700_000_000, L: 2n ** 53n, D: 3.14, s: -3 })
})

test('of a key that occurs twice the first counts; any key is only a key', () => {
  const raw = encodeTable([
    ['a', { type: 'B', value: 1 }],
    ['a', { type: 'B', value: 2 }],
    ['__proto__', { type: 'F', value: [['polluted', { type: 't', value: true }]] }],
    ['toString', { type: 'B', value: 3 }],
  ])
  const plain = plainOf(raw)
  assert.equal(plain.a, 1)
  assert.equal(plain.toString, 3)
  assert.deepEqual(Object.keys(plain), ['a', '__proto__', 'toString'])
  assert.equal('polluted' in plain, false)
})

test('a bigint of more than 64 bits is refused', () => {
  assert.throws(() => encodePlain({ a: 2n ** 63n }), RangeError)
})

test('a reply text is cut to 255 bytes between two characters', () => {
  assert.equal(shortText('x'.repeat(255)).length, 255)
  assert.equal(shortText('x'.repeat(256)), 'x'.repeat(255))
  assert.equal(shortText(`${'x'.repeat(253)}虎`), 'x'.repeat(253))
  assert.equal(shortText(`${'x'.repeat(252)}🐯`), 'x'.repeat(252))
})
