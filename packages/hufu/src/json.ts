import { hash } from 'node:crypto'
import { HufuError, messageOf } from './errors.ts'

/** Keys of an object up to which they are put in order one by one. */
const FEW = 12

const decoder = new TextDecoder('utf-8', { fatal: true })

/**
 * JSON with sorted keys, so that equal values have equal bytes whatever their keys' order. Rejects
 * with `PAYLOAD_NOT_JSON` and, over `bytesMax`, with `LIMIT`.
 */
export function encode(value: unknown, bytesMax: number, what: string): Uint8Array {
  const bytes = Buffer.from(jsonText(value, what))
  checkLength(bytes.length, bytesMax, what)
  return bytes
}

/** As `encode`, as a text. */
export function encodeText(value: unknown, bytesMax: number, what: string): string {
  const text = jsonText(value, what)
  checkLength(Buffer.byteLength(text), bytesMax, what)
  return text
}

function checkLength(bytes: number, bytesMax: number, what: string): void {
  if (bytes <= bytesMax) return
  throw new HufuError('LIMIT', `${what}: ${bytes} bytes of JSON, the limit is ${bytesMax}`)
}

function jsonText(value: unknown, what: string): string {
  let text: string | undefined
  try {
    text = JSON.stringify(sorted(value, ''))
  } catch (error) {
    throw new HufuError('PAYLOAD_NOT_JSON', `${what}: ${messageOf(error)}`, error)
  }
  if (text !== undefined) return text
  throw new HufuError('PAYLOAD_NOT_JSON', `${what}: ${typeof value} is no JSON value`)
}

/**
 * The value with the keys of its objects in order. `JSON.stringify` with a replacer would do the
 * same three times slower.
 */
function sorted(given: unknown, key: string): unknown {
  if (typeof given !== 'object' || given === null) return given
  const value = 'toJSON' in given && typeof given.toJSON === 'function' ? given.toJSON(key) : given
  if (typeof value !== 'object' || value === null || isBoxed(value)) return value
  if (Array.isArray(value)) return value.map((each, at) => sorted(each, String(at)))
  const copy: Record<string, unknown> = {}
  for (const name of inOrder(Object.keys(value))) {
    const each = value[name]
    setOwn(copy, name, typeof each === 'object' ? sorted(each, name) : each)
  }
  return copy
}

/** Objects with few keys are the rule: moving each to its place costs a third of `sort`. */
function inOrder(names: string[]): string[] {
  if (names.length > FEW) return names.sort()
  for (let at = 1; at < names.length; at++) {
    const name = names[at]!
    let to = at
    for (; to > 0 && names[to - 1]! > name; to--) names[to] = names[to - 1]!
    names[to] = name
  }
  return names
}

/** `JSON.stringify` takes these for the text, number or truth value inside. */
function isBoxed(value: object): boolean {
  return value instanceof Number || value instanceof String || value instanceof Boolean
}

function setOwn(object: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== '__proto__') object[name] = value
  else Object.defineProperty(object, name, { value, enumerable: true })
}

/** The value; throws when the bytes are no JSON in UTF-8. */
export function decode(body: Uint8Array): unknown {
  return JSON.parse(decoder.decode(body))
}

/** Tells bodies apart: 32 hexadecimal characters. */
export function hashOf(body: Uint8Array): string {
  return hash('sha256', body).slice(0, 32)
}
