import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decode, encode, hashOf } from './json.ts'

describe('payloads as JSON', () => {
  it('equal values have equal bytes, whatever the order of their keys', () => {
    const one = encode({ b: [{ y: 1, x: null }], a: 'ä' }, 1_000, 'x')
    const two = encode({ a: 'ä', b: [{ x: null, y: 1 }] }, 1_000, 'x')
    assert.deepEqual(one, two)
    assert.equal(hashOf(one), hashOf(two))
    assert.deepEqual(decode(one), { a: 'ä', b: [{ x: null, y: 1 }] })
  })

  it('many keys are put in the same order as few, that of their UTF-16 units', () => {
    const names = [...'zyxwvutsrqponmlkjihgfedcba', 'Z', 'ä', '\u{1f600}', '\uffee', 'ab']
    for (const some of [names, names.slice(18, 30), names.slice(-3)]) {
      const body = encode(Object.fromEntries(some.map((name) => [name, 1])), 1_000, 'x')
      assert.deepEqual(Object.keys(decode(body) as object), some.toSorted())
    }
  })

  it('every value is written as JSON.stringify would, but for the order of keys', () => {
    const values = [
      { at: new Date(0), left: undefined, list: [undefined, () => 1, 1] },
      { toJSON: (key: string) => ({ b: key, a: 1 }) },
      [Object(1), Object('a'), Object(true), new Map([[1, 2]]), Symbol('s')],
      JSON.parse('{"__proto__":{"b":1,"a":2},"10":1,"9":2}'),
      Number.NaN,
    ]
    for (const value of values) {
      const text = Buffer.from(encode(value, 1_000, 'x')).toString()
      assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)))
    }
    assert.equal(Buffer.from(encode(values[1], 99, 'x')).toString(), '{"a":1,"b":""}')
  })

  it('other values have other hashes', () => {
    assert.notEqual(hashOf(encode([1, 2], 99, 'x')), hashOf(encode([2, 1], 99, 'x')))
  })

  it('what JSON cannot hold, or holds in too many bytes, is refused', () => {
    const ring: unknown[] = []
    ring.push(ring)
    for (const value of [undefined, 1n, () => 1, ring]) {
      assert.throws(() => encode(value, 99, 'Publishing e 1'), { code: 'PAYLOAD_NOT_JSON' })
    }
    assert.throws(() => encode('ä'.repeat(10), 21, 'Publishing e 1'), {
      code: 'LIMIT',
      message: 'Publishing e 1: 22 bytes of JSON, the limit is 21',
    })
  })

  it('bytes that are no UTF-8 are no JSON', () => {
    assert.throws(() => decode(new Uint8Array([0x22, 0xff, 0x22])))
  })
})
