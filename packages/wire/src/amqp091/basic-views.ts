import { TextCache } from '../bytes/text.ts'
import { getU64 } from './cursor.ts'
import { WireError } from './wire-error.ts'

const NO_BYTES = new Uint8Array(0)
const MANDATORY = 1
const IMMEDIATE = 2

/**
 * The arguments of a `basic.publish`, looked at in place: made once and moved from message to
 * message. The names are valid as long as the bytes are, until the next `read`.
 */
export class PublishView {
  bytes: Uint8Array = NO_BYTES
  /**
   * Exchange and routing key, one short string after the other: from here to `namesEnd` in `bytes`.
   * So they stand in `basic.deliver` too.
   */
  namesStart = 0
  namesEnd = 0
  mandatory = false
  immediate = false
  #keyStart = 0
  readonly #texts: TextCache

  /** `texts` may be shared with other views. */
  constructor(texts = new TextCache()) {
    this.#texts = texts
  }

  /**
   * Moves the view to a method frame's payload, which must be a `basic.publish`.
   *
   * @throws {WireError} 501 wrong lengths.
   */
  read(payload: Uint8Array, start = 0, end = payload.length): this {
    this.bytes = payload
    const names = start + 6
    const key = names + 1 + (payload[names] ?? 0)
    const bits = key + 1 + (payload[key] ?? 0)
    if (bits + 1 !== end) throw publishFailure('its arguments are not as long as it is')
    this.namesStart = names
    this.#keyStart = key
    this.namesEnd = bits
    this.mandatory = (payload[bits]! & MANDATORY) !== 0
    this.immediate = (payload[bits]! & IMMEDIATE) !== 0
    return this
  }

  /** Lets go of the bytes. */
  leave(): void {
    this.bytes = NO_BYTES
  }

  /** @throws {WireError} 501 it is not UTF-8. */
  get exchange(): string {
    return this.#text(this.namesStart + 1, this.#keyStart)
  }

  /** @throws {WireError} 501 it is not UTF-8. */
  get routingKey(): string {
    return this.#text(this.#keyStart + 1, this.namesEnd)
  }

  #text(start: number, end: number): string {
    const text = this.#texts.textOf(this.bytes, start, end)
    if (text === undefined) throw publishFailure('a short string is not UTF-8')
    return text
  }
}

function publishFailure(why: string): WireError {
  return new WireError(501, `cannot read basic.publish: ${why}`, 60, 40)
}

const ACK_BYTES = 13

/** The arguments of a `basic.ack`, `basic.nack` or `basic.reject`; made once and moved along. */
export class SettleView {
  /** Exact up to 2⁵³; above, a number above it. */
  deliveryTag = 0
  /** Of ack and nack: this one and all before it. Never of reject. */
  multiple = false
  /** Of nack and reject. Never of ack. */
  requeue = false

  /**
   * Moves the view to a method frame's payload, which must be one of the three.
   *
   * @throws {WireError} 501 wrong length.
   */
  read(payload: Uint8Array, start = 0, end = payload.length): this {
    const methodId = payload[start + 3]!
    if (end - start !== ACK_BYTES) {
      const text = `cannot read an acknowledgement: it has ${end - start} bytes, not ${ACK_BYTES}`
      throw new WireError(501, text, 60, methodId)
    }
    const bits = payload[start + 12]!
    const isReject = methodId === 90
    this.deliveryTag = getU64(payload, start + 4)
    this.multiple = !isReject && (bits & 1) !== 0
    this.requeue = methodId !== 80 && (bits & (isReject ? 1 : 2)) !== 0
    return this
  }
}
