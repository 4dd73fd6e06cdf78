import {
  decodeTable,
  encodePlain,
  encodeTable,
  type Plain,
  type PlainFields,
  plainOf,
} from '@hufu/wire/amqp091'
import type { Arguments } from '../../../routing/fields.ts'

/** What JSON can hold. */
export type Json = string | number | boolean | null | readonly Json[] | JsonTable

export interface JsonTable {
  readonly [key: string]: Json
}

/** Arguments without the types of their numbers; bytes as base64. */
export function jsonOf(args: Arguments): JsonTable {
  return jsonTable(plainOf(encodeTable([...args] as Parameters<typeof encodeTable>[0])))
}

/** The arguments that a person writes as JSON: texts S, whole numbers I or else l, others d. */
export function argumentsOf(given: Readonly<Record<string, unknown>>): Arguments {
  return new Map(decodeTable(encodePlain(given as PlainFields)))
}

function jsonValue(value: Plain): Json {
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (isList(value)) return value.map(jsonValue)
  return typeof value === 'object' && value !== null ? jsonTable(value) : value
}

export function jsonTable(table: Readonly<Record<string, Plain>>): JsonTable {
  return Object.fromEntries(Object.entries(table).map(([key, each]) => [key, jsonValue(each)]))
}

/** `Array.isArray` does not know readonly arrays. */
function isList(value: Plain): value is readonly Plain[] {
  return Array.isArray(value)
}
