import type { ContentHeader } from '@hufu/wire/amqp091'
import { decodeHeader, FRAME_BODY, FRAME_HEADER } from '@hufu/wire/amqp091'
import { AmqpError } from './amqp-error.ts'

const BASIC = 60
const NO_BYTES = new Uint8Array(0)

/** What `basic.publish` said, until its content is whole. */
export interface Publish {
  readonly exchange: string
  readonly routingKey: string
  readonly mandatory: boolean
}

/** A publish with its content. */
export interface Published extends Publish {
  /** Flags and values as received. */
  readonly properties: Uint8Array
  readonly body: Uint8Array
}

/** Puts the frames of one content together: a header, then bodies of as many bytes as it says. */
export class ContentReader {
  readonly #bytesMax: number
  #publish: Publish | undefined
  #header: ContentHeader | undefined
  #pieces: Uint8Array[] = []
  #missing = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** A method has come that content must follow. */
  begin(publish: Publish): void {
    this.#publish = publish
  }

  /** A content is under way: no method may come. */
  get open(): boolean {
    return this.#publish !== undefined
  }

  /** Takes a header or body frame; the whole, when it is whole. The payload is not kept. */
  frame(type: number, payload: Uint8Array): Published | undefined {
    if (this.#publish === undefined) {
      throw new AmqpError(505, 'expected method frame, got content frame instead')
    }
    if (this.#header === undefined) this.#begun(type, payload)
    else this.#piece(type, payload)
    return this.#missing === 0 ? this.#whole() : undefined
  }

  #begun(type: number, payload: Uint8Array): void {
    if (type !== FRAME_HEADER) {
      throw new AmqpError(505, 'expected content header for class 60, got content body instead')
    }
    const header = decodeHeader(payload)
    if (header.classId !== BASIC) {
      throw new AmqpError(505, `expected content header for class 60, got ${header.classId}`)
    }
    if (header.bodySize > this.#bytesMax) {
      const text = `message size ${header.bodySize} is larger than configured max size`
      this.#publish = undefined
      throw new AmqpError(406, `${text} ${this.#bytesMax}`)
    }
    // The frame's bytes are used again.
    this.#header = { ...header, properties: Buffer.from(header.properties) }
    this.#missing = header.bodySize
  }

  #piece(type: number, payload: Uint8Array): void {
    if (type !== FRAME_BODY) {
      throw new AmqpError(505, 'expected content body, got another content header instead')
    }
    if (payload.length > this.#missing) {
      throw new AmqpError(501, `content body is ${payload.length - this.#missing} bytes too long`)
    }
    this.#pieces.push(Buffer.from(payload))
    this.#missing -= payload.length
  }

  #whole(): Published {
    const { properties } = this.#header!
    const [only = NO_BYTES, ...more] = this.#pieces
    const body = more.length === 0 ? only : Buffer.concat(this.#pieces)
    const whole = { ...this.#publish!, properties, body }
    this.#publish = undefined
    this.#header = undefined
    this.#pieces = []
    return whole
  }
}
