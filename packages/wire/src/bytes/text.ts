const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const lossy = new TextDecoder('utf-8', { ignoreBOM: true })
const encoder = new TextEncoder()

/** The text of UTF-8 bytes; undefined when they are not well-formed. */
export function textOf(bytes: Uint8Array, start: number, end: number): string | undefined {
  try {
    return strict.decode(bytes.subarray(start, end))
  } catch {
    return undefined
  }
}

/** The text of bytes that should be UTF-8; what is not well-formed becomes U+FFFD. */
export function lossyTextOf(bytes: Uint8Array, start: number, end: number): string {
  return lossy.decode(bytes.subarray(start, end))
}

/** A copy, also of a Buffer: its own `slice` would be a view. */
export function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(bytes.subarray(start, end))
}

export function utf8Of(text: string): Uint8Array {
  return encoder.encode(text)
}

/** Writes `text` at `at`, where there is room for 3 bytes per character; returns the end. */
export function writeUtf8(text: string, into: Uint8Array, at: number): number {
  const length = text.length
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index)
    if (code > 127) return at + encoder.encodeInto(text, into.subarray(at)).written
    into[at + index] = code
  }
  return at + length
}

export function isUtf8(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    if (bytes[at]! > 127) return textOf(bytes, at, end) !== undefined
  }
  return true
}

/** Longer texts are not kept: comparing them costs as much as decoding. */
const CACHED_BYTES_MAX = 64

/**
 * Texts that come again and again (names of queues, routing keys) as one string each: found by
 * their bytes, without decoding. It holds `slots` ASCII texts of up to 64 bytes; a new one takes
 * the place of the one in its slot, so what a peer sends cannot make it grow.
 */
export class TextCache {
  readonly #slots: (string | undefined)[]

  /** `slots` must be a power of two. Default: 256. */
  constructor(slots = 256) {
    this.#slots = new Array(slots).fill(undefined)
  }

  /** The text of UTF-8 bytes; undefined when they are not well-formed. */
  textOf(bytes: Uint8Array, start: number, end: number): string | undefined {
    const length = end - start
    if (length === 0) return ''
    if (length > CACHED_BYTES_MAX) return textOf(bytes, start, end)
    let hash = length
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193)
    const slot = (hash ^ (hash >>> 15)) & (this.#slots.length - 1)
    const kept = this.#slots[slot]
    if (kept !== undefined && isSame(kept, bytes, start, length)) return kept
    const text = textOf(bytes, start, end)
    // As long as its bytes: ASCII.
    if (text?.length === length) this.#slots[slot] = text
    return text
  }
}

function isSame(text: string, bytes: Uint8Array, start: number, length: number): boolean {
  if (text.length !== length) return false
  for (let index = 0; index < length; index++) {
    if (text.charCodeAt(index) !== bytes[start + index]) return false
  }
  return true
}
