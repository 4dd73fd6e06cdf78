import { ByteWriter } from '../bytes/writer.ts'
import { writeLongstr, writeShortstr } from './arguments.ts'
import { Cursor } from './cursor.ts'
import type { RawTable } from './field.ts'
import { PROPERTIES, type Properties, readFlags, skipProperty } from './properties.ts'

/** No property at all. */
const NO_PROPERTIES = new Uint8Array(2)

/**
 * Properties in wire form: flags and values.
 *
 * @throws {RangeError} a text is over 255 bytes, or a number does not fit.
 */
export function writeProperties(properties: Properties): Uint8Array {
  return withProperties(NO_PROPERTIES, properties)
}

/**
 * The properties in wire form with those replaced that `changes` has, or removed where it has
 * undefined; the bytes of all others stay as they are.
 *
 * @throws {WireError} `raw` is malformed, as `PropertiesView.read`
 * @throws {RangeError} a text is over 255 bytes, or a number does not fit.
 */
export function withProperties(raw: Uint8Array, changes: Properties): Uint8Array {
  const cursor = new Cursor(raw, 0, raw.length, 'basic properties', 60)
  const before = readFlags(cursor)
  const into = new ByteWriter(new Uint8Array(raw.length + 64))
  into.u16(0)
  let flags = 0
  for (const [index, [key, kind]] of PROPERTIES.entries()) {
    const flag = 0x8000 >> index
    const start = cursor.at
    if (before & flag) skipProperty(cursor, kind)
    if (!Object.hasOwn(changes, key)) {
      into.range(raw, start, cursor.at)
      flags |= before & flag
    } else if (changes[key] !== undefined) {
      writeProperty(into, key, changes[key])
      flags |= flag
    }
  }
  into.bytes[0] = flags >> 8
  into.bytes[1] = flags
  return into.written()
}

function writeProperty(into: ByteWriter, key: keyof Properties, value: unknown): void {
  if (typeof value === 'string') return writeShortstr(into, value, `property ${key}`)
  if (key === 'headers') return writeLongstr(into, value as RawTable)
  const max = key === 'timestamp' ? Number.MAX_SAFE_INTEGER : 255
  if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > max) {
    throw new RangeError(`Cannot write property ${key}: ${value} is not an integer of 0 to ${max}`)
  }
  if (key === 'timestamp') into.u64(value as number)
  else into.u8(value as number)
}
