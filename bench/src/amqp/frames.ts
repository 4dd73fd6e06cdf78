import { FrameWriter, writeProperties } from '@hufu/wire/amqp091'

/** The channel that everything goes through. */
export const CHANNEL = 1

const BLOCK_BYTES = 256 * 1_024

export interface PublishForm {
  readonly exchange: string
  readonly routingKey: string
  readonly bytes: number
  readonly persistent: boolean
}

/** The frames of one message, time after time. */
export class Publishes {
  readonly #block: Buffer
  /** Of one message's frames. */
  readonly messageBytes: number
  readonly #bodyAt: number

  constructor({ exchange, routingKey, bytes, persistent }: PublishForm) {
    const out = new FrameWriter()
    const properties = writeProperties({ deliveryMode: persistent ? 2 : 1 })
    const method = { exchange, routingKey, mandatory: false, immediate: false }
    const body = Buffer.alloc(bytes, 'x')
    out.content(CHANNEL, { name: 'basic.publish', ...method }, { properties, body })
    const one = Buffer.from(out.take())
    this.messageBytes = one.length
    this.#bodyAt = one.length - 1 - bytes
    const copies = Math.max(1, Math.floor(BLOCK_BYTES / one.length))
    this.#block = Buffer.alloc(copies * one.length, one)
  }

  /** Most that `take` gives at a time. */
  get most(): number {
    return this.#block.length / this.messageBytes
  }

  /** So many messages; the memory is shared. */
  take(count: number): Buffer {
    return this.#block.subarray(0, count * this.messageBytes)
  }

  /** A copy, its bodies beginning with the publisher's number and the message's. */
  numbered(count: number, publisher: number, first: number): Buffer {
    const frames = Buffer.from(this.take(count))
    for (let n = 0; n < count; n++) {
      const at = n * this.messageBytes + this.#bodyAt
      frames.writeUInt32BE(publisher, at)
      frames.writeUInt32BE(first + n, at + 4)
    }
    return frames
  }
}

const ACK = ackFrame()

/** Acks, one for each delivery, to be written together. */
export class Acks {
  #frames = Buffer.alloc(256 * ACK.length, ACK)
  #count = 0

  add(deliveryTag: number): void {
    const at = this.#count++ * ACK.length
    if (at === this.#frames.length) {
      this.#frames = Buffer.concat([this.#frames, Buffer.alloc(this.#frames.length, ACK)])
    }
    this.#frames.writeUInt32BE(Math.floor(deliveryTag / 2 ** 32), at + 11)
    this.#frames.writeUInt32BE(deliveryTag >>> 0, at + 15)
  }

  /** A copy of what was added since; undefined when nothing was. */
  take(): Buffer | undefined {
    if (this.#count === 0) return undefined
    const taken = Buffer.from(this.#frames.subarray(0, this.#count * ACK.length))
    this.#count = 0
    return taken
  }
}

function ackFrame(): Buffer {
  const out = new FrameWriter()
  out.method(CHANNEL, { name: 'basic.ack', deliveryTag: 0, multiple: false })
  return Buffer.from(out.take())
}
