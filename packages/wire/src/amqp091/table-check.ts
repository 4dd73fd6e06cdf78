import { isUtf8 } from '../bytes/text.ts'
import { ByteWriter } from '../bytes/writer.ts'
import { Cursor } from './cursor.ts'
import { type FieldValue, type RawTable, unknownType, within } from './field.ts'
import { writeEntries } from './table-encode.ts'

/**
 * Checks everything that `decodeTable` would, and builds nothing.
 *
 * @throws {WireError} as `decodeTable`
 */
export function checkTable(bytes: Uint8Array, start = 0, end = bytes.length): void {
  skipEntries(new Cursor(bytes, start, end, 'a table'), 1)
}

/**
 * The table with some fields replaced, added at its end, or (undefined) removed; the bytes of all
 * others stay as they are.
 *
 * @throws {WireError} as `decodeTable`
 */
export function withFields(
  raw: RawTable,
  changes: Readonly<Record<string, FieldValue | undefined>>,
): RawTable {
  const into = new ByteWriter()
  const open = new Map(Object.entries(changes))
  const cursor = new Cursor(raw, 0, raw.length, 'a table')
  while (cursor.at < cursor.end) {
    const start = cursor.at
    const key = cursor.shortstr()
    skipValue(cursor, 1)
    if (!Object.hasOwn(changes, key)) into.range(raw, start, cursor.at)
    else if (open.has(key)) {
      writeEntry(into, key, open.get(key))
      open.delete(key)
    }
  }
  for (const [key, value] of open) writeEntry(into, key, value)
  return into.written()
}

function writeEntry(into: ByteWriter, key: string, value: FieldValue | undefined): void {
  if (value !== undefined) writeEntries(into, [[key, value]])
}

/** Passes over the fields up to the cursor's end. */
export function skipEntries(cursor: Cursor, depth: number): void {
  while (cursor.at < cursor.end) {
    const length = cursor.u8()
    const start = cursor.skip(length)
    if (!isUtf8(cursor.bytes, start, cursor.at)) throw cursor.fail(501, 'a key is not UTF-8')
    skipValue(cursor, depth)
  }
}

function skipArray(cursor: Cursor, depth: number): void {
  while (cursor.at < cursor.end) skipValue(cursor, depth)
}

const SIZES: Readonly<Record<string, number>> = {
  ...{ V: 0, t: 1, b: 1, B: 1, s: 2, u: 2, I: 4, i: 4, f: 4 },
  ...{ D: 5, d: 8, l: 8, L: 8, T: 8 },
}
const SIZE_OF = Int8Array.from({ length: 256 }, (_, code) => {
  return SIZES[String.fromCharCode(code)] ?? -1
})
const [S, X, A, F] = ['S', 'x', 'A', 'F'].map((type) => type.charCodeAt(0))

function skipValue(cursor: Cursor, depth: number): void {
  const type = cursor.u8()
  const size = SIZE_OF[type]!
  if (size >= 0) cursor.skip(size)
  else if (type === S || type === X) cursor.skip(cursor.u32())
  else if (type === A) within(cursor, depth, skipArray)
  else if (type === F) within(cursor, depth, skipEntries)
  else throw unknownType(cursor, String.fromCharCode(type))
}
