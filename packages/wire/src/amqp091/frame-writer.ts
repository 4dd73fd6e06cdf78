import { ByteWriter } from '../bytes/writer.ts'
import { writeShortstr } from './arguments.ts'
import { contentBytes, putContent } from './content-frames.ts'
import { FRAME_BYTES, FRAME_HEARTBEAT, FRAME_METHOD, frameEnd, frameStart } from './frame.ts'
import {
  type ContentMethod,
  type Method,
  type MethodOf,
  methodIdOf,
  writeMethod,
} from './methods.ts'

const FIRST_BYTES = 4 * 1024
/** A larger buffer is not used again. */
const KEPT_BYTES_MAX = 256 * 1024

const DELIVER = methodIdOf('basic.deliver')

/** What follows a method that has a content. */
export interface Content {
  /** Flags and values. */
  readonly properties: Uint8Array
  readonly body: Uint8Array
  /** Largest frame, in bytes. Default: the writer's. */
  readonly frameMax?: number
}

/** Collects the frames of a connection, so that they leave with one write per turn. */
export class FrameWriter extends ByteWriter {
  /** Largest frame, with its head and end, in bytes. Default: 131,072. */
  frameMax: number
  #spare: Uint8Array | undefined

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
  content(channel: number, method: ContentMethod, content: Content): void {
    this.method(channel, method)
    this.#content(channel, content)
  }

  /**
   * A `basic.deliver` and its content. `writeDeliver` does the same from the bytes of a publish.
   *
   * @throws {RangeError} a name is over 255 bytes; nothing is written.
   */
  deliver(channel: number, delivery: Omit<MethodOf<'basic.deliver'>, 'name'> & Content): void {
    const start = frameStart(this, FRAME_METHOD, channel)
    try {
      this.u32(DELIVER)
      writeShortstr(this, delivery.consumerTag, 'consumerTag of basic.deliver')
      this.u64(delivery.deliveryTag)
      this.u8(delivery.redelivered ? 1 : 0)
      writeShortstr(this, delivery.exchange, 'exchange of basic.deliver')
      writeShortstr(this, delivery.routingKey, 'routingKey of basic.deliver')
    } catch (error) {
      this.at = start
      throw error
    }
    frameEnd(this, start)
    this.#content(channel, delivery)
  }

  #content(channel: number, { properties, body, frameMax = this.frameMax }: Content): void {
    const payloadMax = frameMax - FRAME_BYTES
    this.reserve(contentBytes(payloadMax, properties.length, body))
    this.at = putContent(this.bytes, this.at, channel, payloadMax, properties, 0, body)
  }

  heartbeat(): void {
    frameEnd(this, frameStart(this, FRAME_HEARTBEAT, 0))
  }

  override reserve(count: number): void {
    if (this.bytes.length === 0) {
      this.bytes = this.#spare ?? new Uint8Array(FIRST_BYTES)
      this.#spare = undefined
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
    if (taken.buffer.byteLength <= KEPT_BYTES_MAX) this.#spare = new Uint8Array(taken.buffer)
  }
}
