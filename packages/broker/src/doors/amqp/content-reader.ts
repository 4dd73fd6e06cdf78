import type { PublishView } from '@hufu/wire/amqp091'
import { ContentHeadView, copyBytes, FRAME_BODY, FRAME_HEADER } from '@hufu/wire/amqp091'
import { AmqpError } from './amqp-error.ts'
import type { Budget } from './budget.ts'
import { storedBytes } from './message-form.ts'

const BASIC = 60
const NO_BYTES = new Uint8Array(0)

/** A publish with its content. */
export interface Published {
  readonly exchange: string
  readonly routingKey: string
  readonly mandatory: boolean
  /** Names and properties as the core keeps them. */
  readonly stored: Uint8Array
  /** Where the properties begin in `stored`. */
  readonly propertiesAt: number
  readonly body: Uint8Array
}

/** Two short strings. */
const NAMES_MAX = 512

/** Memory of a body grows from here on with what has come of it. */
const FIRST_BYTES = 4 * 1024

/** From this size on, bytes, a body is asked for before more of it is read. */
const LARGE_BYTES = 1 << 20

/** Whoever makes room for large bodies; what it returns says that one is over. */
export type BeginLarge = (bytes: number) => () => void

/** Puts the frames of one content together: a header, then bodies of as many bytes as it says. */
export class ContentReader {
  readonly #bytesMax: number
  readonly #budget: Budget
  readonly #beginLarge: BeginLarge
  #largeOver: (() => void) | undefined
  #open = false
  #exchange = ''
  #routingKey = ''
  #mandatory = false
  /** Exchange and routing key as they came. */
  readonly #names = new Uint8Array(NAMES_MAX)
  #namesLength = 0
  readonly #head = new ContentHeadView()
  #stored: Uint8Array | undefined
  #bodySize = 0
  #body: Uint8Array = NO_BYTES
  #length = 0
  /** Of the budget. */
  #taken = 0

  constructor(bytesMax: number, budget: Budget, beginLarge: BeginLarge) {
    this.#bytesMax = bytesMax
    this.#budget = budget
    this.#beginLarge = beginLarge
  }

  /** A method has come that content must follow. */
  begin(publish: PublishView): void {
    const { bytes, namesStart, namesEnd } = publish
    copyBytes(bytes, namesStart, namesEnd, this.#names, 0)
    this.#exchange = publish.exchange
    this.#routingKey = publish.routingKey
    this.#mandatory = publish.mandatory
    this.#namesLength = namesEnd - namesStart
    this.#open = true
    publish.leave()
  }

  /** A content is under way: no method may come. */
  get open(): boolean {
    return this.#open
  }

  /** Takes a header or body frame; the whole, if it is: its body may be a part of `bytes`. */
  frame(type: number, bytes: Uint8Array, start: number, end: number): Published | undefined {
    if (!this.#open) {
      throw new AmqpError(505, 'expected method frame, got non method frame instead')
    }
    if (this.#stored === undefined) this.#begun(type, bytes, start, end)
    else this.#piece(type, bytes, start, end)
    return this.#length === this.#bodySize ? this.#whole() : undefined
  }

  /** What has come is no part of the content that is open. */
  notExpected(): AmqpError {
    const text =
      this.#stored === undefined
        ? 'expected content header for class 60, got non content header frame instead'
        : 'expected content body, got non content body frame instead'
    return new AmqpError(505, text)
  }

  /** Drops what has come of a content. */
  drop(): void {
    this.#budget.give(this.#taken)
    this.#taken = 0
    this.#body = NO_BYTES
    this.#length = 0
    this.#open = false
    this.#stored = undefined
    const over = this.#largeOver
    this.#largeOver = undefined
    over?.()
  }

  #begun(type: number, bytes: Uint8Array, start: number, end: number): void {
    if (type !== FRAME_HEADER) throw this.notExpected()
    const { classId, bodySize, propertiesStart } = this.#head.read(bytes, start, end)
    if (classId !== BASIC) {
      const text = `expected content header for class 60, got one for class ${classId} instead`
      throw new AmqpError(505, text)
    }
    if (bodySize > this.#bytesMax) {
      const text = `message size ${bodySize} is larger than configured max size`
      this.#open = false
      throw new AmqpError(406, `${text} ${this.#bytesMax}`)
    }
    const stored = storedBytes(this.#namesLength, end - propertiesStart)
    this.#take(stored.length)
    const propertiesAt = copyBytes(this.#names, 0, this.#namesLength, stored, 1)
    copyBytes(bytes, propertiesStart, end, stored, propertiesAt)
    this.#stored = stored
    this.#bodySize = bodySize
    if (bodySize >= LARGE_BYTES) this.#largeOver = this.#beginLarge(bodySize)
  }

  #piece(type: number, bytes: Uint8Array, start: number, end: number): void {
    if (type !== FRAME_BODY) throw this.notExpected()
    const bodySize = this.#bodySize
    const after = this.#length + end - start
    if (after > bodySize) throw new AmqpError(501, `content body is ${after - bodySize} too long`)
    if (end - start === bodySize) this.#body = bytes.subarray(start, end)
    else {
      if (after > this.#body.length) this.#grow(after, bodySize)
      this.#body.set(bytes.subarray(start, end), this.#length)
    }
    this.#length = after
  }

  #take(bytes: number): void {
    this.#taken += bytes
    this.#budget.take(bytes)
  }

  /** Not at once to all that the header promises: that costs its sender nothing. */
  #grow(needed: number, bodySize: number): void {
    const doubled = Math.max(2 * this.#body.length, FIRST_BYTES, needed)
    const bytes = Math.min(doubled, bodySize)
    this.#take(bytes - this.#body.length)
    const larger = Buffer.allocUnsafe(bytes)
    larger.set(this.#body.subarray(0, this.#length))
    this.#body = larger
  }

  #whole(): Published {
    const whole: Published = {
      exchange: this.#exchange,
      routingKey: this.#routingKey,
      mandatory: this.#mandatory,
      stored: this.#stored!,
      propertiesAt: 1 + this.#namesLength,
      body: this.#body,
    }
    this.drop()
    return whole
  }
}
