import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeHeader, HeaderView } from './content-header.ts'
import { Dice, FIRST_SEED } from './dice.fixture.ts'
import { PROPERTIES, type Properties, PropertiesView, readProperties } from './properties.ts'
import { withProperties, writeProperties } from './properties-write.ts'
import { encodeTable } from './table-encode.ts'
import { WireError } from './wire-error.ts'

const ROUNDS = 300

function randomProperties(dice: Dice): Properties {
  const entries = PROPERTIES.filter(() => dice.flip()).map(([key, kind]) => {
    if (kind === 'shortstr') return [key, dice.text()]
    if (kind === 'table') return [key, encodeTable(dice.entries())]
    return [key, kind === 'octet' ? dice.below(256) : dice.below(2 ** 21) * 2 ** 32 + dice.u32()]
  })
  return Object.fromEntries(entries)
}

function shown(properties: Properties): Properties {
  const keys = PROPERTIES.map(([key]) => key).filter((key) => properties[key] !== undefined)
  return Object.fromEntries(keys.map((key) => [key, properties[key]]))
}

function isWireError(code: number) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof WireError, String(error))
    assert.deepEqual([error.code, error.classId], [code, 60])
    return true
  }
}

test('properties come back as they were written, in one view moved from message to message', () => {
  const view = new PropertiesView()
  for (let seed = FIRST_SEED; seed < FIRST_SEED + ROUNDS; seed++) {
    const properties = randomProperties(new Dice(seed))
    const raw = writeProperties(properties)
    assert.deepEqual(shown(view.read(raw)), properties, `HUFU_SEED=${seed}`)
    const amid = new Uint8Array([1, ...raw, 2])
    assert.deepEqual(shown(view.read(amid, 1, 1 + raw.length)), properties, `HUFU_SEED=${seed}`)
  }
})

test('the first property has the highest flag, the last but two the lowest', () => {
  assert.deepEqual([...writeProperties({})], [0, 0])
  assert.deepEqual([...writeProperties({ contentType: 'a' })], [0x80, 0, 1, 97])
  assert.deepEqual([...writeProperties({ clusterId: 'a' })], [0, 4, 1, 97])
  const both = writeProperties({ deliveryMode: 2, timestamp: 3 })
  assert.deepEqual([...both], [0x10, 0x40, 2, 0, 0, 0, 0, 0, 0, 0, 3])
})

test('changing properties leaves the bytes of all others as they are', () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + ROUNDS; seed++) {
    const dice = new Dice(seed)
    const [before, changes] = [randomProperties(dice), randomProperties(dice)]
    const removed = Object.fromEntries(
      PROPERTIES.filter(() => dice.below(4) === 0).map(([key]) => [key, undefined]),
    )
    const after = withProperties(writeProperties(before), { ...changes, ...removed })
    const expected = shown({ ...before, ...changes, ...removed })
    assert.deepEqual(after, writeProperties(expected), `HUFU_SEED=${seed}`)
  }
  // A boolean that is 2 in the headers, and an id that is not UTF-8.
  const odd = new Uint8Array([0x20, 0x80, 0, 0, 0, 4, 1, 97, 0x74, 2, 1, 255])
  const with2 = withProperties(odd, { deliveryMode: 2 })
  assert.deepEqual([...with2], [0x30, 0x80, ...odd.subarray(2, 10), 2, 1, 255])
  assert.equal(readProperties(odd).messageId, '\ufffd')
})

test('properties that are cut anywhere, or too long, are refused with 501', () => {
  const dice = new Dice(FIRST_SEED)
  const full = Object.fromEntries(PROPERTIES.map(([key]) => [key, 'x'] as const))
  const numbers = { deliveryMode: 1, priority: 9, timestamp: 1 }
  const headers = encodeTable([...dice.entries(), ['z', { type: 'I', value: 1 }]])
  const raw = writeProperties({ ...full, ...numbers, headers })
  for (let end = 0; end < raw.length; end++) {
    assert.throws(() => readProperties(raw.subarray(0, end)), isWireError(501), `cut at ${end}`)
  }
  assert.throws(() => readProperties(new Uint8Array([...raw, 0])), isWireError(501))
})

test('flags of no property are refused with 501, headers of an unknown type with 502', () => {
  for (const flags of [1, 2, 3]) {
    assert.throws(() => readProperties(new Uint8Array([0, flags])), isWireError(501))
    assert.throws(() => withProperties(new Uint8Array([0, flags]), {}), isWireError(501))
  }
  const raw = new Uint8Array([0x20, 0, 0, 0, 0, 3, 1, 97, 0x5a])
  assert.throws(() => readProperties(raw), isWireError(502))
})

test('what does not fit is not written', () => {
  const refused: Properties[] = [
    { messageId: 'x'.repeat(256) },
    { deliveryMode: 256 },
    { priority: -1 },
    { timestamp: 1.5 },
    { timestamp: 2 ** 53 },
  ]
  for (const properties of refused) assert.throws(() => writeProperties(properties), RangeError)
})

const HEADER = [0, 60, 0, 0, 0, 0, 0, 1, 0, 0, 0, 5]

test('a content header has class, body size and properties', () => {
  const raw = writeProperties({ priority: 4 })
  const payload = new Uint8Array([...HEADER, ...raw])
  const { classId, bodySize, properties } = decodeHeader(payload)
  assert.deepEqual([classId, bodySize, properties], [60, 2 ** 32 + 5, raw])
  const view = new HeaderView().read(new Uint8Array([9, ...payload, 9]), 1, 1 + payload.length)
  assert.deepEqual([view.bodySize, view.propertiesStart, view.propertiesEnd], [2 ** 32 + 5, 13, 16])
  assert.equal(view.properties.priority, 4)
})

test('a content header is refused with 501 if short, with 505 for a weight or other class', () => {
  const refused = (code: number, ...bytes: number[]) => {
    const is = (error: unknown) => error instanceof WireError && error.code === code
    assert.throws(() => new HeaderView().read(new Uint8Array(bytes)), is)
  }
  refused(501, ...HEADER)
  refused(501, ...HEADER, 0)
  refused(505, 0, 60, 0, 1, ...HEADER.slice(4), 0, 0)
  refused(505, 0, 50, ...HEADER.slice(2), 0, 0)
  assert.equal(decodeHeader(new Uint8Array([0, 50, ...HEADER.slice(2), 0, 0])).classId, 50)
})
