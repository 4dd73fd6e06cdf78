import { crc32 } from 'node:zlib'

/** What happened in a world, as one number: two runs that did the same have the same hash. */
export class Trace {
  #hash = 0
  #lines = 0
  readonly #onLine: ((line: string) => void) | undefined

  constructor(onLine?: (line: string) => void) {
    this.#onLine = onLine
  }

  add(line: string): void {
    this.#hash = crc32(line, this.#hash)
    this.#lines++
    this.#onLine?.(line)
  }

  addBytes(bytes: Uint8Array): void {
    this.#hash = crc32(bytes, this.#hash)
  }

  /** Number of lines and their CRC-32, hexadecimal. */
  get hash(): string {
    return `${this.#lines}-${this.#hash.toString(16).padStart(8, '0')}`
  }
}
