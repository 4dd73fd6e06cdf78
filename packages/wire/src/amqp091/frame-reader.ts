import { getU16, getU32 } from './cursor.ts'
import {
  FRAME_BODY,
  FRAME_BYTES,
  FRAME_END,
  FRAME_HEADER_BYTES,
  FRAME_HEARTBEAT,
  FRAME_METHOD,
} from './frame.ts'
import { WireError } from './wire-error.ts'

/**
 * The payload is `bytes` from `start` to `end`. It is good as long as the chunk is that completed
 * it.
 */
export type OnFrame = (
  type: number,
  channel: number,
  bytes: Uint8Array,
  start: number,
  end: number,
) => void

const NOTHING = new Uint8Array(0)

/**
 * Cuts what comes from a socket into frames. A frame that is whole in its chunk is not copied; of a
 * partial one no more is held than has come, at most `frameMax` bytes.
 */
export class FrameReader {
  /** Largest frame, with its head and end, in bytes; may be changed between any two frames. */
  frameMax: number
  readonly #onFrame: OnFrame
  #held: Uint8Array = NOTHING
  #heldBytes = 0
  #failure: unknown

  constructor(frameMax: number, onFrame: OnFrame) {
    this.frameMax = frameMax
    this.#onFrame = onFrame
  }

  /**
   * Takes the next bytes and calls `onFrame` for each frame that they complete. An error, also one
   * that `onFrame` throws, is the end: nothing more is taken, and it is thrown again.
   *
   * @throws {WireError} 501 unknown type, over `frameMax`, or no end where it must be.
   */
  feed(chunk: Uint8Array): void {
    if (this.#failure !== undefined) throw this.#failure
    try {
      this.#take(chunk)
    } catch (error) {
      this.#failure = error
      this.#held = NOTHING
      throw error
    }
  }

  #take(chunk: Uint8Array): void {
    let at = this.#heldBytes === 0 ? 0 : this.#complete(chunk)
    const length = chunk.length
    while (length - at >= FRAME_HEADER_BYTES) {
      const end = at + FRAME_HEADER_BYTES + this.#payloadBytes(chunk, at)
      if (end >= length) break
      this.#emit(chunk, at, end)
      at = end + 1
    }
    if (at < length) this.#hold(chunk, at, length)
  }

  /** Completes the frame that is held, as far as the chunk goes; returns how much it used. */
  #complete(chunk: Uint8Array): number {
    let at = 0
    if (this.#heldBytes < FRAME_HEADER_BYTES) {
      at = Math.min(FRAME_HEADER_BYTES - this.#heldBytes, chunk.length)
      this.#hold(chunk, 0, at)
      if (this.#heldBytes < FRAME_HEADER_BYTES) return at
    }
    const total = FRAME_BYTES + this.#payloadBytes(this.#held, 0)
    const end = Math.min(at + total - this.#heldBytes, chunk.length)
    this.#hold(chunk, at, end)
    if (this.#heldBytes < total) return end
    const held = this.#held
    this.#heldBytes = 0
    this.#held = NOTHING
    this.#emit(held, 0, total - 1)
    return end
  }

  #hold(chunk: Uint8Array, start: number, end: number): void {
    const needed = this.#heldBytes + end - start
    if (needed > this.#held.length) {
      const doubled = Math.min(2 * this.#held.length, this.frameMax)
      const larger = new Uint8Array(Math.max(needed, doubled))
      larger.set(this.#held.subarray(0, this.#heldBytes))
      this.#held = larger
    }
    this.#held.set(chunk.subarray(start, end), this.#heldBytes)
    this.#heldBytes = needed
  }

  #payloadBytes(bytes: Uint8Array, at: number): number {
    const type = bytes[at]!
    const length = getU32(bytes, at + 3)
    const known = type === FRAME_HEARTBEAT || (type >= FRAME_METHOD && type <= FRAME_BODY)
    if (!known) throw failure(`type ${type} is unknown`)
    if (length > this.frameMax - FRAME_BYTES) {
      const max = this.frameMax - FRAME_BYTES
      throw failure(`its payload has ${length} bytes, the negotiated most is ${max}`)
    }
    if (type === FRAME_HEARTBEAT && length > 0) throw failure('a heartbeat has a payload')
    return length
  }

  #emit(bytes: Uint8Array, at: number, end: number): void {
    if (bytes[end] !== FRAME_END) throw failure(`it ends in ${bytes[end]}, not in ${FRAME_END}`)
    this.#onFrame(bytes[at]!, getU16(bytes, at + 1), bytes, at + FRAME_HEADER_BYTES, end)
  }
}

function failure(why: string): WireError {
  return new WireError(501, `cannot read a frame: ${why}`)
}
