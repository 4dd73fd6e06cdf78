import type { ContentHeader } from '@hufu/wire/amqp091'
import { decodeHeader, FRAME_BODY, FRAME_HEADER } from '@hufu/wire/amqp091'
import { AmqpError } from './amqp-error.ts'
import type { Budget } from './budget.ts'

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

/** Memory of a body grows from here on with what has come of it. */
const FIRST_BYTES = 4 * 1024

/** Puts the frames of one content together: a header, then bodies of as many bytes as it says. */
export class ContentReader {
  readonly #bytesMax: number
  readonly #budget: Budget
  #publish: Publish | undefined
  #header: ContentHeader | undefined
  #body: Uint8Array = NO_BYTES
  #length = 0

  constructor(bytesMax: number, budget: Budget) {
    this.#bytesMax = bytesMax
    this.#budget = budget
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
    return this.#length === this.#header!.bodySize ? this.#whole() : undefined
  }

  /** Drops what has come of a content. */
  drop(): void {
    this.#budget.give(this.#body.length + (this.#header?.properties.length ?? 0))
    this.#body = NO_BYTES
    this.#length = 0
    this.#publish = undefined
    this.#header = undefined
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
    this.#budget.take(header.properties.length)
    // The frame's bytes are used again.
    this.#header = { ...header, properties: Buffer.from(header.properties) }
  }

  #piece(type: number, payload: Uint8Array): void {
    if (type !== FRAME_BODY) {
      throw new AmqpError(505, 'expected content body, got another content header instead')
    }
    const { bodySize } = this.#header!
    const after = this.#length + payload.length
    if (after > bodySize) throw new AmqpError(501, `content body is ${after - bodySize} too long`)
    if (after > this.#body.length) this.#grow(after, bodySize)
    this.#body.set(payload, this.#length)
    this.#length = after
  }

  /** Not at once to all that the header promises: that costs its sender nothing. */
  #grow(needed: number, bodySize: number): void {
    const doubled = Math.max(2 * this.#body.length, FIRST_BYTES, needed)
    const bytes = Math.min(doubled, bodySize)
    this.#budget.take(bytes - this.#body.length)
    const larger = Buffer.allocUnsafe(bytes)
    larger.set(this.#body.subarray(0, this.#length))
    this.#body = larger
  }

  #whole(): Published {
    const { properties } = this.#header!
    const whole = { ...this.#publish!, properties, body: this.#body }
    this.drop()
    return whole
  }
}
