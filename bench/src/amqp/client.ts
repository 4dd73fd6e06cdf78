import { connect, type Socket } from 'node:net'
import type { Method, MethodName, MethodOf } from '@hufu/wire/amqp091'
import {
  decodeMethod,
  EMPTY_TABLE,
  FRAME_BODY,
  FRAME_METHOD,
  FrameReader,
  FrameWriter,
  methodIdAt,
  methodIdOf,
  PROTOCOL_HEADER,
} from '@hufu/wire/amqp091'
import { CHANNEL } from './frames.ts'

const READ_BYTES = 256 * 1_024
const ACK = methodIdOf('basic.ack')
const DELIVER = methodIdOf('basic.deliver')

/** What comes without having been asked for. */
export interface Hearing {
  confirmed?(tag: number, multiple: boolean): void
  delivered?(tag: number): void
  body?(bytes: Uint8Array, start: number): void
  /** All that came in one read has been told. */
  turn?(): void
}

/** One connection with one channel: calls one after the other, and frames made elsewhere. */
export class Client {
  readonly socket: Socket
  hearing: Hearing = {}
  readonly #url: URL
  readonly #out = new FrameWriter()
  #answered: ((method: Method) => void) | undefined
  #failed: (error: Error) => void = (error) => {
    throw error
  }

  private constructor(url: string) {
    this.#url = new URL(url)
    const reader = new FrameReader(131_072, (type, _channel, bytes, start, end) => {
      if (type === FRAME_METHOD) this.#method(bytes, start, end)
      else if (type === FRAME_BODY) this.hearing.body?.(bytes, start)
    })
    const buffer = new Uint8Array(READ_BYTES)
    const callback = (count: number) => {
      reader.feed(buffer.subarray(0, count))
      this.hearing.turn?.()
      return true
    }
    const { hostname: host, port } = this.#url
    this.socket = connect({ host, port: Number(port), noDelay: true, onread: { buffer, callback } })
    this.socket.on('error', (error) => this.#failed(error))
    this.socket.on('close', () => this.#failed(new Error('the server closed a connection')))
  }

  static async connect(url: string): Promise<Client> {
    const client = new Client(url)
    await client.#open()
    return client
  }

  async #open(): Promise<void> {
    const { username, password, pathname } = this.#url
    const start = this.#next('connection.start')
    this.socket.write(PROTOCOL_HEADER)
    await start
    const startOk = { clientProperties: EMPTY_TABLE, mechanism: 'PLAIN', locale: 'en_US' }
    const response = Buffer.from(`\0${username || 'guest'}\0${password || 'guest'}`)
    const tune = this.#next('connection.tune')
    this.#send(0, { name: 'connection.start-ok', ...startOk, response })
    const { channelMax } = await tune
    const terms = { channelMax, frameMax: 131_072, heartbeat: 0 }
    this.#send(0, { name: 'connection.tune-ok', ...terms })
    const virtualHost = decodeURIComponent(pathname.slice(1)) || '/'
    const opened = this.#next('connection.open-ok')
    this.#send(0, { name: 'connection.open', virtualHost })
    await opened
    await this.call({ name: 'channel.open' }, 'channel.open-ok')
  }

  /** A method on the channel, and its answer. */
  call<N extends MethodName>(method: Method, answer: N): Promise<MethodOf<N>> {
    const answered = this.#next(answer)
    this.#send(CHANNEL, method)
    return answered
  }

  /** Ends the connection; nothing that comes after is an error. */
  close(): void {
    this.#failed = () => undefined
    this.socket.destroy()
  }

  #send(channel: number, method: Method): void {
    this.#out.method(channel, method)
    this.socket.write(this.#out.take())
  }

  #next<N extends MethodName>(name: N): Promise<MethodOf<N>> {
    return new Promise((resolve, reject) => {
      this.#failed = reject
      this.#answered = (method) => {
        this.#failed = (error) => {
          throw error
        }
        if (method.name === name) resolve(method as unknown as MethodOf<N>)
        else reject(new Error(`${name} was awaited, and came ${JSON.stringify(method)}`))
      }
    })
  }

  #method(bytes: Uint8Array, start: number, end: number): void {
    const id = methodIdAt(bytes, start)
    if (id === DELIVER) {
      this.hearing.delivered?.(tagAt(bytes, start + 5 + bytes[start + 4]!))
    } else if (id === ACK) {
      this.hearing.confirmed?.(tagAt(bytes, start + 4), bytes[start + 12] === 1)
    } else {
      const method = decodeMethod(bytes, start, end)
      if (this.#answered === undefined) this.#failed(new Error(`came ${JSON.stringify(method)}`))
      const answered = this.#answered
      this.#answered = undefined
      answered?.(method)
    }
  }
}

function tagAt(bytes: Uint8Array, at: number): number {
  const high = bytes[at + 3]! * 2 ** 32
  const low =
    (bytes[at + 4]! << 24) | (bytes[at + 5]! << 16) | (bytes[at + 6]! << 8) | bytes[at + 7]!
  return high + (low >>> 0)
}
