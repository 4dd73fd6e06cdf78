import type { Client } from './client.ts'
import { Acks } from './frames.ts'

interface Taking {
  readonly queue: string
  readonly prefetch: number
  readonly noAck: boolean
  /** Of a delivery: who sent it as which number. */
  readonly onBody?: (publisher: number, number: number) => void
  /** Something was taken. */
  readonly onTurn: (count: number) => void
}

/** One connection that consumes, acking each delivery by itself, those of a read in one write. */
export class Consumer {
  readonly #client: Client
  readonly #acks = new Acks()
  #taken = 0

  constructor(client: Client) {
    this.#client = client
  }

  async start({ queue, prefetch, noAck, onBody, onTurn }: Taking): Promise<void> {
    const client = this.#client
    client.hearing = {
      delivered: (tag) => {
        this.#taken++
        if (!noAck) this.#acks.add(tag)
      },
      turn: () => {
        const acks = this.#acks.take()
        if (acks !== undefined) client.socket.write(acks)
        const count = this.#taken
        this.#taken = 0
        if (count > 0) onTurn(count)
      },
      ...(onBody && {
        body: (bytes, at) => onBody(numberAt(bytes, at), numberAt(bytes, at + 4)),
      }),
    }
    const limit = { prefetchSize: 0, prefetchCount: prefetch, global: false }
    await client.call({ name: 'basic.qos', ...limit }, 'basic.qos-ok')
    const flags = { noLocal: false, noAck, exclusive: false, noWait: false }
    const rest = { consumerTag: 'bench', arguments: new Uint8Array(0) }
    await client.call({ name: 'basic.consume', queue, ...flags, ...rest }, 'basic.consume-ok')
  }

  close(): void {
    this.#client.close()
  }
}

function numberAt(bytes: Uint8Array, at: number): number {
  const number =
    (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
  return number >>> 0
}
