import { utf8Of } from '../bytes/text.ts'
import { ByteWriter } from '../bytes/writer.ts'
import { writeLongstr, writeShortstr } from './arguments.ts'
import type { Entries, FieldValue, RawTable } from './field.ts'

/** The table of these fields; numbers are taken modulo their type's size. */
export function encodeTable(entries: Entries): RawTable {
  const into = new ByteWriter()
  writeEntries(into, entries)
  return into.written()
}

export function writeEntries(into: ByteWriter, entries: Entries): void {
  for (const [key, value] of entries) {
    writeShortstr(into, key, 'the key of a field')
    writeValue(into, value)
  }
}

function writeValue(into: ByteWriter, { type, value }: FieldValue): void {
  into.u8(type.charCodeAt(0))
  switch (type) {
    case 'S':
      return writeLongstr(into, typeof value === 'string' ? utf8Of(value) : value)
    case 'x':
      return writeLongstr(into, value)
    case 't':
      return into.u8(value ? 1 : 0)
    case 'b':
    case 'B':
      return into.u8(value)
    case 's':
    case 'u':
      return into.u16(value)
    case 'I':
    case 'i':
      return into.u32(value)
    case 'D':
      into.u8(value.scale)
      return into.u32(value.digits)
    case 'f':
      return into.view(4, (view) => view.setFloat32(0, value))
    case 'd':
      return into.view(8, (view) => view.setFloat64(0, value))
    case 'l':
    case 'L':
      return into.view(8, (view) => view.setBigInt64(0, value))
    case 'T':
      return into.view(8, (view) => view.setBigUint64(0, value))
    case 'A':
      return writeNested(into, () => {
        for (const each of value) writeValue(into, each)
      })
    case 'F':
      return writeNested(into, () => writeEntries(into, value))
  }
}

function writeNested(into: ByteWriter, write: () => void): void {
  const at = into.at
  into.u32(0)
  write()
  const end = into.at
  into.at = at
  into.u32(end - at - 4)
  into.at = end
}
