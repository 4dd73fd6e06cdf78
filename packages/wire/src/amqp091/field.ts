import type { Cursor } from './cursor.ts'

/** A field table as on the wire, without its length: it can be passed on byte for byte. */
export type RawTable = Uint8Array

/**
 * A value with its tag in RabbitMQ's dialect: t boolean; b i8, B u8, s i16, u u16, I i32, i u32;
 * l, L i64; f float, d double; T u64, seconds since 1970; D `digits` / 10^`scale`; S text, as bytes
 * where it is not UTF-8; x bytes; A array; F table; V nothing.
 */
export type FieldValue =
  | { readonly type: 't'; readonly value: boolean }
  | {
      readonly type: 'b' | 'B' | 's' | 'u' | 'I' | 'i' | 'f' | 'd'
      readonly value: number
    }
  | { readonly type: 'l' | 'L' | 'T'; readonly value: bigint }
  | { readonly type: 'D'; readonly value: { readonly scale: number; readonly digits: number } }
  | { readonly type: 'S'; readonly value: string | Uint8Array }
  | { readonly type: 'x'; readonly value: Uint8Array }
  | { readonly type: 'A'; readonly value: readonly FieldValue[] }
  | { readonly type: 'F'; readonly value: Entries }
  | { readonly type: 'V'; readonly value: null }

/** The fields of a table in their order; a key may occur twice. */
export type Entries = readonly (readonly [key: string, value: FieldValue])[]

/** Tables and arrays in each other, the outermost counted. */
export const TABLE_DEPTH_MAX = 32

export const EMPTY_TABLE: RawTable = new Uint8Array(0)

/** Reads what has its length before it, with the cursor's end set there meanwhile. */
export function within<T>(
  cursor: Cursor,
  depth: number,
  read: (cursor: Cursor, depth: number) => T,
): T {
  if (depth >= TABLE_DEPTH_MAX) {
    throw cursor.fail(502, `tables are more than ${TABLE_DEPTH_MAX} deep`)
  }
  const length = cursor.u32()
  const start = cursor.skip(length)
  const outer = cursor.end
  cursor.at = start
  cursor.end = start + length
  const value = read(cursor, depth + 1)
  cursor.end = outer
  return value
}

export function unknownType(cursor: Cursor, type: string): Error {
  return cursor.fail(502, `a field has type ${JSON.stringify(type)}, which is unknown`)
}
