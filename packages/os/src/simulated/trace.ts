import { crc32 } from 'node:zlib'

const PENDING_MAX = 8 * 1024

/** What happened in a world, as one number: two runs that did the same have the same hash. */
export class Trace {
  #hash = 0
  #lines = 0
  /** Lines not in the hash yet: one call for many of them costs a tenth. */
  #pending = ''
  readonly #onLine: ((line: string) => void) | undefined

  constructor(onLine?: (line: string) => void) {
    this.#onLine = onLine
  }

  add(line: string): void {
    this.#pending += line
    if (this.#pending.length > PENDING_MAX) this.#take()
    this.#lines++
    this.#onLine?.(line)
  }

  addBytes(bytes: Uint8Array): void {
    this.#take()
    this.#hash = crc32(bytes, this.#hash)
  }

  /** Number of lines and their CRC-32, hexadecimal. */
  get hash(): string {
    this.#take()
    return `${this.#lines}-${this.#hash.toString(16).padStart(8, '0')}`
  }

  #take(): void {
    this.#hash = crc32(this.#pending, this.#hash)
    this.#pending = ''
  }
}
