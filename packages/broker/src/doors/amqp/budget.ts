import { AmqpError } from './amqp-error.ts'

/** Bytes of which one connection may hold only so many. */
export class Budget {
  readonly #bytesMax: number
  readonly #what: string
  #bytes = 0

  /** `what` it is, for the error. */
  constructor(bytesMax: number, what: string) {
    this.#bytesMax = bytesMax
    this.#what = what
  }

  /** Throws 506 beyond the limit. */
  take(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes <= this.#bytesMax) return
    throw new AmqpError(506, `${this.#what} on this connection take over ${this.#bytesMax} bytes`)
  }

  give(bytes: number): void {
    this.#bytes -= bytes
  }
}
