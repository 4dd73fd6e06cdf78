import { writeUtf8 } from './text.ts'

const TWO_32 = 2 ** 32
const scratch = new DataView(new ArrayBuffer(8))
const scratchBytes = new Uint8Array(scratch.buffer)

/** Bytes from `start` to `end` to another place; short ranges without the cost of a view. */
export function copyBytes(
  from: Uint8Array,
  start: number,
  end: number,
  into: Uint8Array,
  at: number,
): number {
  if (end - start > 32) into.set(from.subarray(start, end), at)
  else for (let index = start; index < end; index++) into[at++] = from[index]!
  return end - start > 32 ? at + end - start : at
}

/** Writes a number of 0 to 2⁵³ − 1 as 8 bytes, highest first. */
export function putU64(into: Uint8Array, at: number, value: number): void {
  putU32(into, at, Math.floor(value / TWO_32))
  putU32(into, at + 4, value)
}

export function putU32(into: Uint8Array, at: number, value: number): void {
  into[at] = value >>> 24
  into[at + 1] = value >>> 16
  into[at + 2] = value >>> 8
  into[at + 3] = value
}

export function putU16(into: Uint8Array, at: number, value: number): void {
  into[at] = value >>> 8
  into[at + 1] = value
}

/** A buffer that grows by doubling; numbers go in highest byte first. */
export class ByteWriter {
  bytes: Uint8Array
  /** Where the next byte goes; also the number of bytes written. */
  at = 0

  /** `bytes` is the first buffer; it is written over. */
  constructor(bytes: Uint8Array = new Uint8Array(64)) {
    this.bytes = bytes
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    const needed = this.at + count
    if (needed <= this.bytes.length) return
    const larger = new Uint8Array(Math.max(needed, this.bytes.length * 2))
    larger.set(this.bytes.subarray(0, this.at))
    this.bytes = larger
  }

  u8(value: number): void {
    this.reserve(1)
    this.bytes[this.at++] = value
  }

  u16(value: number): void {
    this.reserve(2)
    putU16(this.bytes, this.at, value)
    this.at += 2
  }

  u32(value: number): void {
    this.reserve(4)
    putU32(this.bytes, this.at, value)
    this.at += 4
  }

  u64(value: number): void {
    this.reserve(8)
    putU64(this.bytes, this.at, value)
    this.at += 8
  }

  /** Writes `count` bytes that `put` has set in a view. */
  view(count: 4 | 8, put: (view: DataView) => void): void {
    put(scratch)
    this.range(scratchBytes, 0, count)
  }

  text(text: string): void {
    this.reserve(3 * text.length)
    this.at = writeUtf8(text, this.bytes, this.at)
  }

  raw(bytes: Uint8Array): void {
    this.range(bytes, 0, bytes.length)
  }

  range(bytes: Uint8Array, start: number, end: number): void {
    this.reserve(end - start)
    this.at = copyBytes(bytes, start, end, this.bytes, this.at)
  }

  /** A copy of what has been written. */
  written(): Uint8Array {
    return this.bytes.slice(0, this.at)
  }
}
