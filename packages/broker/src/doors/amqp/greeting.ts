import { PROTOCOL_HEADER, readProtocolHeader } from '@hufu/wire/amqp091'

/** The first bytes of a connection, which say its protocol. */
export class Greeting {
  #head: Uint8Array = new Uint8Array(0)

  /** What follows the header; or that it is not whole yet, or of another protocol. */
  take(chunk: Uint8Array): Uint8Array | 'incomplete' | 'other' {
    this.#head = Buffer.concat([this.#head, chunk])
    const found = readProtocolHeader(this.#head)
    return found === 'amqp091' ? this.#head.subarray(PROTOCOL_HEADER.length) : found
  }
}
