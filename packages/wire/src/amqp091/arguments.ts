import { utf8Of } from '../bytes/text.ts'
import { ByteWriter } from '../bytes/writer.ts'
import type { Cursor } from './cursor.ts'
import type { ArgumentType } from './method-table.ts'

const NUMBER_MAX = {
  octet: 0xff,
  short: 0xffff,
  long: 0xffff_ffff,
  longlong: Number.MAX_SAFE_INTEGER,
} as const

/** Reads an argument; undefined when it is a reserved one. Bits are not for here. */
export function readArgument(cursor: Cursor, type: ArgumentType): unknown {
  switch (type) {
    case 'octet':
      return cursor.u8()
    case 'short':
      return cursor.u16()
    case 'long':
      return cursor.u32()
    case 'longlong':
      return cursor.u64()
    case 'shortstr':
      return cursor.shortstr()
    case 'longstr':
    case 'table':
      return cursor.longstr()
    case 'longtext':
      return cursor.longtext()
    case 'reserved-short':
      cursor.skip(2)
      return undefined
    case 'reserved-shortstr':
      cursor.skip(cursor.u8())
      return undefined
    case 'reserved-longstr':
      cursor.skip(cursor.u32())
      return undefined
    default:
      throw new TypeError(`Cannot read an argument: ${type} is no type of its own`)
  }
}

/** Writes an argument; `what` is said in the error when it does not fit its type. */
export function writeArgument(
  into: ByteWriter,
  type: ArgumentType,
  value: unknown,
  what: string,
): void {
  switch (type) {
    case 'octet':
      return into.u8(checked(type, value, what))
    case 'short':
      return into.u16(checked(type, value, what))
    case 'long':
      return into.u32(checked(type, value, what))
    case 'longlong':
      return into.u64(checked(type, value, what))
    case 'shortstr':
      return writeShortstr(into, value as string, what)
    case 'longtext':
      return writeLongstr(into, utf8Of(value as string))
    case 'longstr':
    case 'table':
      return writeLongstr(into, value as Uint8Array)
    case 'reserved-short':
      return into.u16(0)
    case 'reserved-shortstr':
      return into.u8(0)
    case 'reserved-longstr':
      return into.u32(0)
    default:
      throw new TypeError(`Cannot write ${what}: ${type} is no type of its own`)
  }
}

function checked(type: keyof typeof NUMBER_MAX, value: unknown, what: string): number {
  const max = NUMBER_MAX[type]
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max) {
    return value as number
  }
  throw new RangeError(`Cannot write ${what}: ${value} is not an integer of 0 to ${max}`)
}

/** Text of at most 255 bytes after its length in one byte. */
export function writeShortstr(into: ByteWriter, text: string, what: string): void {
  const lengthAt = into.at
  into.u8(0)
  into.text(text)
  const length = into.at - lengthAt - 1
  if (length > 255) throw new RangeError(`Cannot write ${what}: ${length} bytes, at most 255 fit`)
  into.bytes[lengthAt] = length
}

/**
 * Text as a short string, to be written often: its length in one byte, then at most 255 bytes.
 *
 * @throws {RangeError} it is longer.
 */
export function shortstr(text: string): Uint8Array {
  const into = new ByteWriter()
  writeShortstr(into, text, 'a short string')
  return into.written()
}

export function writeLongstr(into: ByteWriter, bytes: Uint8Array): void {
  into.u32(bytes.length)
  into.raw(bytes)
}
