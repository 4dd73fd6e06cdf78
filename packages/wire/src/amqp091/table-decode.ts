import { copyOf, textOf } from '../bytes/text.ts'
import { Cursor } from './cursor.ts'
import { type Entries, type FieldValue, type RawTable, unknownType, within } from './field.ts'

const VOID = Object.freeze({ type: 'V', value: null } as const)

/**
 * The fields of a table. Bytes in them are copies.
 *
 * @throws {WireError} 501 lengths or keys are wrong; 502 unknown type, or deeper than
 * `TABLE_DEPTH_MAX`.
 */
export function decodeTable(raw: RawTable): Entries {
  return readEntries(new Cursor(raw, 0, raw.length, 'a table'), 1)
}

function readEntries(cursor: Cursor, depth: number): Entries {
  const entries: [string, FieldValue][] = []
  while (cursor.at < cursor.end) entries.push([cursor.shortstr(), readValue(cursor, depth)])
  return entries
}

function readArray(cursor: Cursor, depth: number): FieldValue[] {
  const values: FieldValue[] = []
  while (cursor.at < cursor.end) values.push(readValue(cursor, depth))
  return values
}

function readValue(cursor: Cursor, depth: number): FieldValue {
  const type = String.fromCharCode(cursor.u8())
  switch (type) {
    case 'S':
      return { type, value: readText(cursor) }
    case 't':
      return { type, value: cursor.u8() !== 0 }
    case 'b':
      return { type, value: (cursor.u8() << 24) >> 24 }
    case 'B':
      return { type, value: cursor.u8() }
    case 's':
      return { type, value: (cursor.u16() << 16) >> 16 }
    case 'u':
      return { type, value: cursor.u16() }
    case 'I':
      return { type, value: cursor.u32() | 0 }
    case 'i':
      return { type, value: cursor.u32() }
    case 'f':
      return { type, value: cursor.view(4).getFloat32(0) }
    case 'd':
      return { type, value: cursor.view(8).getFloat64(0) }
    case 'l':
    case 'L':
      return { type, value: cursor.view(8).getBigInt64(0) }
    case 'T':
      return { type, value: cursor.view(8).getBigUint64(0) }
    case 'D':
      return { type, value: { scale: cursor.u8(), digits: cursor.u32() } }
    case 'x':
      return { type, value: cursor.longstr() }
    case 'A':
      return { type, value: within(cursor, depth, readArray) }
    case 'F':
      return { type, value: within(cursor, depth, readEntries) }
    case 'V':
      return VOID
    default:
      throw unknownType(cursor, type)
  }
}

function readText(cursor: Cursor): string | Uint8Array {
  const start = cursor.skip(cursor.u32())
  return textOf(cursor.bytes, start, cursor.at) ?? copyOf(cursor.bytes, start, cursor.at)
}
