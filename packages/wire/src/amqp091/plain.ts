import { utf8Of } from '../bytes/text.ts'
import type { Entries, FieldValue, RawTable } from './field.ts'
import { decodeTable } from './table-decode.ts'
import { encodeTable } from './table-encode.ts'

/** What a table is in JavaScript. */
export type Plain =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | readonly Plain[]
  | PlainTable

/** It has no prototype, so any key is only a key. */
export interface PlainTable {
  readonly [key: string]: Plain
}

/**
 * A table as ordinary values, without the types of its numbers. Integers that a number cannot hold
 * are bigints; a decimal becomes the nearest number; text that is not UTF-8 stays bytes. Of a key
 * that occurs twice the first counts, as in RabbitMQ.
 *
 * @throws {WireError} as `decodeTable`
 */
export function plainOf(raw: RawTable): PlainTable {
  return plainTable(decodeTable(raw))
}

function plainTable(entries: Entries): PlainTable {
  const table: Record<string, Plain> = Object.create(null)
  for (const [key, value] of entries) if (!(key in table)) table[key] = plainValue(value)
  return table
}

/** One value as `plainOf` has it. */
export function plainValue({ type, value }: FieldValue): Plain {
  switch (type) {
    case 'l':
    case 'L':
    case 'T':
      return Number.isSafeInteger(Number(value)) ? Number(value) : value
    case 'D':
      return value.digits / 10 ** value.scale
    case 'A':
      return value.map(plainValue)
    case 'F':
      return plainTable(value)
    default:
      return value
  }
}

/** What `encodePlain` takes; undefined fields are left out. */
export type PlainInput =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | readonly PlainInput[]
  | PlainFields

export interface PlainFields {
  readonly [key: string]: PlainInput | undefined
}

/**
 * The table of ordinary values: text S, boolean t, integer I or else l, other numbers d, bigint l,
 * null V, bytes x, array A, object F.
 *
 * @throws {RangeError} a key is over 255 bytes, or a bigint over 64 bits.
 */
export function encodePlain(fields: PlainFields): RawTable {
  return encodeTable(taggedFields(fields))
}

function taggedFields(fields: PlainFields): Entries {
  return Object.entries(fields).flatMap(([key, value]) => {
    return value === undefined ? [] : [[key, tagged(value)] as const]
  })
}

/** The value with the tag that `encodePlain` gives it. */
export function tagged(value: PlainInput): FieldValue {
  if (typeof value === 'string') return { type: 'S', value }
  if (typeof value === 'boolean') return { type: 't', value }
  if (typeof value === 'number') return taggedNumber(value)
  if (typeof value === 'bigint') {
    if (BigInt.asIntN(64, value) === value) return { type: 'l', value }
    throw new RangeError(`Cannot write a table: ${value} has more than 64 bits`)
  }
  if (value === null) return { type: 'V', value }
  if (value instanceof Uint8Array) return { type: 'x', value }
  if (isArray(value)) return { type: 'A', value: value.map(tagged) }
  return { type: 'F', value: taggedFields(value) }
}

function taggedNumber(value: number): FieldValue {
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) return { type: 'd', value }
  return value === (value | 0) ? { type: 'I', value } : { type: 'l', value: BigInt(value) }
}

/** `Array.isArray` does not know readonly arrays. */
function isArray(value: readonly PlainInput[] | PlainFields): value is readonly PlainInput[] {
  return Array.isArray(value)
}

/**
 * The text cut to what a short string holds, 255 bytes of UTF-8, between two characters: for reply
 * texts, which may quote names of any length.
 */
export function shortText(text: string): string {
  let bytes = utf8Of(text).length
  if (bytes <= 255) return text
  const characters = [...text]
  while (bytes > 255) bytes -= utf8Of(characters.pop()!).length
  return characters.join('')
}
