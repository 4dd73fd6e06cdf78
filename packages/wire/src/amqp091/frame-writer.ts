import { ByteWriter } from '../bytes/writer.ts'
import { contentBytes, putContent } from './content-frames.ts'
import { FRAME_BYTES, FRAME_HEARTBEAT, frameEnd, frameStart } from './frame.ts'
import { type ContentMethod, type Method, writeMethod } from './methods.ts'

const FIRST_BYTES = 4 * 1024
/** A larger buffer is not used again, and no more of them are kept than this. */
const KEPT_BYTES_MAX = 256 * 1024
const KEPT_MAX = 8

/** Of all writers: most of them write, and are done with it, one after the other. */
const spares: Uint8Array[] = []

/** What follows a method that has a content. */
export interface Content {
  /** Flags and values. */
  readonly properties: Uint8Array
  readonly body: Uint8Array
}

/** Collects the frames of a connection, so that they leave with one write per turn. */
export class FrameWriter extends ByteWriter {
  /** Largest frame, with its head and end, in bytes. Default: 131,072. */
  frameMax: number

  constructor(frameMax = 131_072) {
    super(new Uint8Array(0))
    this.frameMax = frameMax
  }

  /** Bytes that wait to be taken. */
  get length(): number {
    return this.at
  }

  /** Largest payload of a frame, in bytes. */
  get payloadMax(): number {
    return this.frameMax - FRAME_BYTES
  }

  /** @throws {RangeError} an argument does not fit its type; nothing is written. */
  method(channel: number, method: Method): void {
    writeMethod(this, channel, method)
  }

  /**
   * A method that has a content, and its content.
   *
   * @throws {RangeError} an argument does not fit its type; nothing is written.
   */
  content(channel: number, method: ContentMethod, { properties, body }: Content): void {
    this.method(channel, method)
    const { payloadMax } = this
    this.reserve(contentBytes(payloadMax, properties.length, body))
    this.at = putContent(this.bytes, this.at, channel, payloadMax, properties, 0, body)
  }

  heartbeat(): void {
    frameEnd(this, frameStart(this, FRAME_HEARTBEAT, 0))
  }

  override reserve(count: number): void {
    if (this.bytes.length === 0) {
      this.bytes = spares.pop() ?? new Uint8Array(FIRST_BYTES)
    }
    super.reserve(count)
  }

  /** What has been written; it is the caller's now, and the writer is empty. */
  take(): Uint8Array {
    const taken = this.bytes.subarray(0, this.at)
    this.bytes = new Uint8Array(0)
    this.at = 0
    return taken
  }

  /** Gives back what `take` returned, once the socket has written it: its memory is used again. */
  recycle(taken: Uint8Array): void {
    if (taken.buffer.byteLength > KEPT_BYTES_MAX || spares.length >= KEPT_MAX) return
    spares.push(new Uint8Array(taken.buffer))
  }
}
