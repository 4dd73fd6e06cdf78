import { hash } from 'node:crypto'
import { HufuError, messageOf } from './errors.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

/**
 * JSON with sorted keys, so that equal values have equal bytes whatever their keys' order. Rejects
 * with `PAYLOAD_NOT_JSON` and, over `bytesMax`, with `LIMIT`.
 */
export function encode(value: unknown, bytesMax: number, what: string): Uint8Array {
  const bytes = encoder.encode(jsonText(value, what))
  if (bytes.length <= bytesMax) return bytes
  const text = `${bytes.length} bytes of JSON, the limit is ${bytesMax}`
  throw new HufuError('LIMIT', `${what}: ${text}`)
}

function jsonText(value: unknown, what: string): string {
  let text: string | undefined
  try {
    text = JSON.stringify(value, sortKeys)
  } catch (error) {
    throw new HufuError('PAYLOAD_NOT_JSON', `${what}: ${messageOf(error)}`, error)
  }
  if (text !== undefined) return text
  throw new HufuError('PAYLOAD_NOT_JSON', `${what}: ${typeof value} is no JSON value`)
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const entries = Object.entries(value)
  if (entries.every(([key], at) => at === 0 || entries[at - 1]![0] <= key)) return value
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
}

/** The value; throws when the bytes are no JSON in UTF-8. */
export function decode(body: Uint8Array): unknown {
  return JSON.parse(decoder.decode(body))
}

/** Tells bodies apart: 32 hexadecimal characters. */
export function hashOf(body: Uint8Array): string {
  return hash('sha256', body).slice(0, 32)
}
