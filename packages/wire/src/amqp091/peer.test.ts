import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeaderView } from './content-header.ts'
import { Dice, FIRST_SEED, METHOD_NAMES } from './dice.fixture.ts'
import type { Entries, FieldValue } from './field.ts'
import { decodeMethod, encodeMethod, type Method, methodIdOf } from './methods.ts'
import { type PeerFields, peer, peerDecodeTable, peerEncodeTable, peerId } from './peer.fixture.ts'
import { encodePlain, type PlainFields, plainOf } from './plain.ts'
import { PROPERTIES } from './properties.ts'
import { writeProperties } from './properties-write.ts'
import { decodeTable } from './table-decode.ts'
import { encodeTable } from './table-encode.ts'

const ROUNDS = 30

/** Values that both sides know as the same. */
const TABLE: PlainFields = {
  ...{ text: 'ü', no: false, yes: true, small: -3, int: 1_000_000, double: 0.25, none: null },
  ...{ list: [1, 'two', [true]], table: { deep: { deeper: 'x' } }, bytes: Buffer.from('ab') },
}

/** The peer's fields for a method of ours. */
function peerFieldsOf(method: Method): PeerFields {
  const { name: _, ...values } = method
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => {
      if (key === 'noWait') return ['nowait', value]
      if (key === 'mechanisms' || key === 'locales') return [key, Buffer.from(value as string)]
      const isTable = key === 'arguments' || key.endsWith('Properties')
      if (isTable) return [key, peerDecodeTable(value as Uint8Array)]
      return [key, value instanceof Uint8Array ? Buffer.from(value) : value]
    }),
  )
}

test('every method has the number that amqplib gives it', () => {
  for (const name of METHOD_NAMES) assert.equal(methodIdOf(name), peerId(name), name)
})

test('amqplib reads every method that we write, and we read what it writes', () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + ROUNDS; seed++) {
    const dice = new Dice(seed)
    for (const name of METHOD_NAMES) {
      const method = dice.method(name, () => peerEncodeTable(TABLE))
      const fields = peerFieldsOf(method)
      const id = methodIdOf(name)
      const ours = encodeMethod(5, method)
      const payload = Buffer.from(ours.subarray(11, -1))
      const read = peer.decode(id, payload)
      const shown = Object.fromEntries(Object.keys(fields).map((key) => [key, read[key]]))
      assert.deepEqual(shown, fields, `HUFU_SEED=${seed}, ${name}`)
      const theirs = peer.encodeMethod(id, 5, { ...read, ...fields })
      const back = decodeMethod(theirs, 7, theirs.length - 1)
      assert.deepEqual(back, method, `HUFU_SEED=${seed}, ${name}`)
    }
  }
})

test('ordinary tables are read as they were written, in both directions', () => {
  assert.deepEqual(peerDecodeTable(encodePlain(TABLE)), TABLE)
  const there = plainOf(peerEncodeTable(TABLE))
  assert.deepEqual(peerDecodeTable(encodePlain(there)), TABLE)
})

/** The peer's form of a value: it keeps the types of timestamps and decimals only. */
function peerValue({ type, value }: FieldValue): unknown {
  switch (type) {
    case 'l':
      return Number(value)
    case 'T':
      return { '!': 'timestamp', value: Number(value) }
    case 'D':
      return { '!': 'decimal', value: { places: value.scale, digits: value.digits } }
    case 'A':
      return value.map(peerValue)
    case 'F':
      return peerTable(value)
    case 'x':
      return Buffer.from(value)
    default:
      return value
  }
}

function peerTable(entries: Entries): PeerFields {
  return Object.fromEntries(entries.map(([key, value]) => [key, peerValue(value)]))
}

/** It does not know L. */
function withoutL(entries: Entries): Entries {
  const text = JSON.stringify(entries, (_, value) => (typeof value === 'bigint' ? '' : value))
  return text.includes('"type":"L"') ? [] : entries
}

test('amqplib reads every type of field', () => {
  let read = 0
  for (let seed = FIRST_SEED; seed < FIRST_SEED + 20 * ROUNDS; seed++) {
    const entries = withoutL(new Dice(seed).entries())
    const expected = peerTable(entries)
    assert.deepEqual(peerDecodeTable(encodeTable(entries)), expected, `HUFU_SEED=${seed}`)
    read += entries.length
  }
  assert.ok(read > 20 * ROUNDS)
})

test('timestamps and decimals of amqplib are read with their types', () => {
  const raw = peerEncodeTable({
    t: { '!': 'timestamp', value: 1_700_000_000 },
    d: { '!': 'decimal', value: { places: 2, digits: 314 } },
    u: { '!': 'uint32', value: 4_000_000_000 },
    f: { '!': 'float', value: 0.5 },
  })
  assert.deepEqual(decodeTable(raw), [
    ['t', { type: 'T', value: 1_700_000_000n }],
    ['d', { type: 'D', value: { scale: 2, digits: 314 } }],
    ['u', { type: 'i', value: 4_000_000_000 }],
    ['f', { type: 'f', value: 0.5 }],
  ])
})

test('properties are read as they were written, in both directions', () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + 10 * ROUNDS; seed++) {
    const dice = new Dice(seed)
    const kept = PROPERTIES.filter(() => dice.flip())
    const fields = Object.fromEntries(
      kept.map(([key, kind]) => {
        if (kind === 'table') return [key, TABLE]
        return [key, kind === 'shortstr' ? dice.text() : dice.below(256)]
      }),
    )
    const headers = fields.headers === undefined ? undefined : peerEncodeTable(TABLE)
    const frame = peer.encodeProperties(60, 1, 7n, fields)
    const { propertiesStart, bodySize } = new HeaderView().read(frame, 7, frame.length - 1)
    const theirs = frame.subarray(propertiesStart, -1)
    assert.equal(bodySize, 7)
    const ours = writeProperties({ ...fields, ...(headers && { headers }) })
    assert.deepEqual(Buffer.from(ours), theirs, `HUFU_SEED=${seed}`)
    const read = Object.entries(peer.decode(60, Buffer.from(ours))).filter(([, value]) => {
      return value !== undefined
    })
    assert.deepEqual(Object.fromEntries(read), fields, `HUFU_SEED=${seed}`)
  }
})
