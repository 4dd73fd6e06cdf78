import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Dice, FIRST_SEED } from './dice.fixture.ts'
import type { Entries, FieldValue } from './field.ts'
import { checkTable, withFields } from './table-check.ts'
import { decodeTable } from './table-decode.ts'
import { encodeTable } from './table-encode.ts'
import { WireError } from './wire-error.ts'

const ROUNDS = 300

function bytesOf(...parts: (string | number)[]): Uint8Array {
  return Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from([part]))),
  )
}

function isWireError(code: number, text: RegExp) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof WireError, String(error))
    assert.equal(error.code, code)
    assert.match(error.message, text)
    return true
  }
}

test('a table comes back as it was written, value by value and byte by byte', () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + ROUNDS; seed++) {
    const entries = new Dice(seed).entries()
    const raw = encodeTable(entries)
    const read = decodeTable(raw)
    assert.deepEqual(read, entries, `HUFU_SEED=${seed}`)
    assert.deepEqual(encodeTable(read), raw, `HUFU_SEED=${seed}`)
    checkTable(raw)
  }
})

/** As RabbitMQ's parser has them. */
const WIRE_FORMS: readonly (readonly [FieldValue, ...(string | number)[]])[] = [
  [{ type: 't', value: true }, 't', 1],
  [{ type: 'b', value: -1 }, 'b', 255],
  [{ type: 'B', value: 255 }, 'B', 255],
  [{ type: 's', value: -2 }, 's', 255, 254],
  [{ type: 'u', value: 65_534 }, 'u', 255, 254],
  [{ type: 'I', value: -2 }, 'I', 255, 255, 255, 254],
  [{ type: 'i', value: 2 ** 32 - 2 }, 'i', 255, 255, 255, 254],
  [{ type: 'l', value: -2n }, 'l', 255, 255, 255, 255, 255, 255, 255, 254],
  [{ type: 'L', value: -2n }, 'L', 255, 255, 255, 255, 255, 255, 255, 254],
  [{ type: 'T', value: 2n ** 64n - 2n }, 'T', 255, 255, 255, 255, 255, 255, 255, 254],
  [{ type: 'f', value: 1.5 }, 'f', 0x3f, 0xc0, 0, 0],
  [{ type: 'd', value: 1.5 }, 'd', 0x3f, 0xf8, 0, 0, 0, 0, 0, 0],
  [{ type: 'D', value: { scale: 2, digits: 314 } }, 'D', 2, 0, 0, 1, 58],
  [{ type: 'S', value: 'hi' }, 'S', 0, 0, 0, 2, 'hi'],
  [{ type: 'S', value: new Uint8Array([0xff]) }, 'S', 0, 0, 0, 1, 255],
  [{ type: 'x', value: new Uint8Array([9]) }, 'x', 0, 0, 0, 1, 9],
  [{ type: 'A', value: [{ type: 'V', value: null }] }, 'A', 0, 0, 0, 1, 'V'],
  [{ type: 'F', value: [['a', { type: 't', value: false }]] }, 'F', 0, 0, 0, 4, 1, 'at', 0],
  [{ type: 'V', value: null }, 'V'],
]

for (const [value, type, ...rest] of WIRE_FORMS) {
  test(`a field of type ${type} is ${value.value} on the wire`, () => {
    const raw = new Uint8Array(bytesOf(1, 'k', type!, ...rest))
    assert.deepEqual(encodeTable([['k', value]]), raw)
    assert.deepEqual(decodeTable(raw), [['k', value]])
  })
}

test('a table that is cut anywhere is refused with 501, unless the cut is between fields', () => {
  const dice = new Dice(FIRST_SEED)
  const raw = encodeTable([...dice.entries(), ...dice.entries(), ...dice.entries()])
  const between = new Set([0])
  for (let at = 0; at < raw.length; ) {
    const [[key, value]] = decodeTable(raw.subarray(at)) as [Entries[number]]
    at += encodeTable([[key, value]]).length
    between.add(at)
  }
  for (let end = 0; end <= raw.length; end++) {
    const cut = raw.subarray(0, end)
    if (between.has(end)) checkTable(cut)
    else assert.throws(() => decodeTable(cut), isWireError(501, /are wanted/), `cut at ${end}`)
  }
})

function nested(depth: number, type: 'A' | 'F'): FieldValue {
  const inner = depth === 1 ? [] : [nested(depth - 1, type)]
  if (type === 'A') return { type, value: inner }
  return { type, value: inner.map((value) => ['', value] as const) }
}

test('32 tables in each other are read, 33 are refused with 502', () => {
  for (const type of ['A', 'F'] as const) {
    const deepest = encodeTable([['k', nested(31, type)]])
    assert.deepEqual(encodeTable(decodeTable(deepest)), deepest)
    checkTable(deepest)
    const deeper = encodeTable([['k', nested(32, type)]])
    assert.throws(() => decodeTable(deeper), isWireError(502, /more than 32 deep/))
    assert.throws(() => checkTable(deeper), isWireError(502, /more than 32 deep/))
  }
})

test('an unknown type is refused with 502', () => {
  for (const raw of [bytesOf(1, 'k', 'Z'), bytesOf(1, 'k', 'A', 0, 0, 0, 1, 0)]) {
    assert.throws(() => decodeTable(raw), isWireError(502, /which is unknown/))
    assert.throws(() => checkTable(raw), isWireError(502, /which is unknown/))
  }
})

test('an inner length may not reach over the end of what it is in', () => {
  const raw = bytesOf(1, 'k', 'F', 0, 0, 0, 4, 1, 'ax', 0, 0, 0, 0, 1, 'bt', 1)
  assert.throws(() => decodeTable(raw), isWireError(501, /4 bytes are wanted where 1 are left/))
})

test('checking a table says the same as decoding it, whatever the bytes', () => {
  const outcome = (look: () => unknown) => {
    try {
      look()
      return 'read'
    } catch (error) {
      assert.ok(error instanceof WireError, String(error))
      return error.code
    }
  }
  const seen = new Set<unknown>()
  for (let seed = FIRST_SEED; seed < FIRST_SEED + 10 * ROUNDS; seed++) {
    const dice = new Dice(seed)
    const raw = encodeTable(dice.entries())
    for (let change = dice.below(3); change >= 0; change--) raw[dice.below(raw.length)] = dice.u32()
    const decoded = outcome(() => decodeTable(raw))
    assert.equal(
      outcome(() => checkTable(raw)),
      decoded,
      `HUFU_SEED=${seed}`,
    )
    seen.add(decoded)
  }
  assert.deepEqual([...seen].sort(), [501, 502, 'read'])
})

test('changing fields leaves the bytes of all others as they are', () => {
  // A boolean that is 2, and text that is not UTF-8.
  const odd = bytesOf(1, 'a', 't', 2, 1, 'b', 'S', 0, 0, 0, 1, 255)
  const raw = Buffer.concat([odd, encodeTable([['c', { type: 'V', value: null }]]), odd])
  const changed = withFields(raw, {
    a: undefined,
    c: { type: 'u', value: 7 },
    d: { type: 't', value: true },
    e: undefined,
  })
  const b = bytesOf(1, 'b', 'S', 0, 0, 0, 1, 255)
  const expected = Buffer.concat([b, bytesOf(1, 'c', 'u', 0, 7), b, bytesOf(1, 'd', 't', 1)])
  assert.deepEqual(Buffer.from(changed), expected)
})

test('a field that occurs twice is one after it was changed', () => {
  const twice = bytesOf(1, 'a', 'V', 1, 'a', 'V')
  const changed = withFields(twice, { a: { type: 'B', value: 1 } })
  assert.deepEqual(decodeTable(changed), [['a', { type: 'B', value: 1 }]])
})

test('a key of 255 bytes fits, one more is refused', () => {
  const value: FieldValue = { type: 'V', value: null }
  const most = encodeTable([['x'.repeat(255), value]])
  assert.equal(decodeTable(most)[0]?.[0].length, 255)
  const text = 'Cannot write the key of a field: 256 bytes, at most 255 fit'
  assert.throws(() => encodeTable([['x'.repeat(256), value]]), new RangeError(text))
})
