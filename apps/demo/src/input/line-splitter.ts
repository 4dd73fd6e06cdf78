/** A longer line is rejected, bytes without its line end. */
export const LINE_BYTES_MAX = 65_536

/** Kept of a line: enough to see that it is too long, whatever stands around it. */
const KEPT_BYTES_MAX = LINE_BYTES_MAX + 8

const LF = 0x0a

export interface Line {
  /** From 1. */
  readonly number: number
  /** Without the LF; of a line that is too long only its beginning. */
  readonly bytes: Buffer
  /** Offset in the input of what follows the line. */
  readonly end: number
}

/** Cuts a stream of bytes into lines, keeping at most one line's beginning in memory. */
export class LineSplitter {
  #parts: Buffer[] = []
  #keptBytes = 0
  #number: number
  #offset: number

  /** `number` and `end` of the line before the first one. */
  constructor(after: { readonly number: number; readonly end: number } = { number: 0, end: 0 }) {
    this.#number = after.number
    this.#offset = after.end
  }

  /** Lines that `chunk` completes. */
  *push(chunk: Buffer): Generator<Line> {
    let start = 0
    for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, start)) {
      this.#keep(chunk.subarray(start, at))
      this.#offset += at + 1 - start
      start = at + 1
      yield this.#line()
    }
    this.#keep(chunk.subarray(start))
    this.#offset += chunk.length - start
  }

  /** The last line, when the input does not end with LF. */
  *end(): Generator<Line> {
    if (this.#keptBytes > 0) yield this.#line()
  }

  #keep(part: Buffer): void {
    const room = KEPT_BYTES_MAX - this.#keptBytes
    if (part.length === 0 || room === 0) return
    // A copy: the caller may use the chunk's memory again.
    const kept = Buffer.from(part.subarray(0, room))
    this.#parts.push(kept)
    this.#keptBytes += kept.length
  }

  #line(): Line {
    const bytes = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts)
    this.#parts = []
    this.#keptBytes = 0
    return { number: ++this.#number, bytes, end: this.#offset }
  }
}
