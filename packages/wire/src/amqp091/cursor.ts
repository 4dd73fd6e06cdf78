import { copyOf, textOf } from '../bytes/text.ts'
import { WireError, type WireErrorCode } from './wire-error.ts'

const TWO_32 = 2 ** 32
const scratch = new DataView(new ArrayBuffer(8))

export function getU16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!
}

export function getU32(bytes: Uint8Array, at: number): number {
  return (getU16(bytes, at) * 0x10000 + getU16(bytes, at + 2)) >>> 0
}

/** Exact up to 2⁵³; above, a number near it that is above 2⁵³ too. */
export function getU64(bytes: Uint8Array, at: number): number {
  return getU32(bytes, at) * TWO_32 + getU32(bytes, at + 4)
}

/** A place in a range of bytes; everything read is checked to be inside. */
export class Cursor {
  bytes: Uint8Array
  at: number
  end: number
  readonly #what: string
  readonly #classId: number
  readonly #methodId: number

  /** `what` is being read, and the ids of its method, for errors. */
  constructor(
    bytes: Uint8Array,
    start: number,
    end: number,
    what: string,
    classId = 0,
    methodId = 0,
  ) {
    this.bytes = bytes
    this.at = start
    this.end = end
    this.#what = what
    this.#classId = classId
    this.#methodId = methodId
  }

  /** Puts it on another range. */
  move(bytes: Uint8Array, start: number, end: number): this {
    this.bytes = bytes
    this.at = start
    this.end = end
    return this
  }

  fail(code: WireErrorCode, why: string): WireError {
    return new WireError(code, `cannot read ${this.#what}: ${why}`, this.#classId, this.#methodId)
  }

  /** Where the next `count` bytes start; they are passed over. */
  skip(count: number): number {
    const at = this.at
    if (count > this.end - at) {
      throw this.fail(501, `${count} bytes are wanted where ${this.end - at} are left`)
    }
    this.at = at + count
    return at
  }

  u8(): number {
    return this.bytes[this.skip(1)]!
  }

  u16(): number {
    return getU16(this.bytes, this.skip(2))
  }

  u32(): number {
    return getU32(this.bytes, this.skip(4))
  }

  u64(): number {
    return getU64(this.bytes, this.skip(8))
  }

  /** The next bytes, to be read as a type of that size at once: the next call overwrites them. */
  view(count: 4 | 8): DataView {
    const at = this.skip(count)
    for (let index = 0; index < count; index++) scratch.setUint8(index, this.bytes[at + index]!)
    return scratch
  }

  /** Text after its length in one byte. */
  shortstr(): string {
    const length = this.u8()
    const start = this.skip(length)
    const text = textOf(this.bytes, start, this.at)
    if (text === undefined) throw this.fail(501, 'a short string is not UTF-8')
    return text
  }

  /** Text after its length in four bytes. */
  longtext(): string {
    const start = this.skip(this.u32())
    const text = textOf(this.bytes, start, this.at)
    if (text === undefined) throw this.fail(501, 'a long string is not UTF-8')
    return text
  }

  /** A copy of the bytes after their length in four bytes. */
  longstr(): Uint8Array {
    const start = this.skip(this.u32())
    return copyOf(this.bytes, start, this.at)
  }
}
