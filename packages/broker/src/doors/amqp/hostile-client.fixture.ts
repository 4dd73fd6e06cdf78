import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import {
  decodeMethod,
  EMPTY_TABLE,
  FRAME_METHOD,
  FrameReader,
  FrameWriter,
  type Method,
  type MethodName,
  type MethodOf,
  PROTOCOL_HEADER,
} from '@hufu/wire/amqp091'

/** How a raw client introduces itself. */
export interface RawTerms {
  readonly channelMax: number
  readonly frameMax: number
  readonly heartbeat: number
}

const TERMS: RawTerms = { channelMax: 2_047, frameMax: 131_072, heartbeat: 0 }

export const START_OK: MethodOf<'connection.start-ok'> = {
  name: 'connection.start-ok',
  clientProperties: EMPTY_TABLE,
  mechanism: 'PLAIN',
  response: Buffer.from('\0guest\0guest'),
  locale: 'en_US',
}

/** A durable queue `q`, and a consumer `c` of it. */
export const DECLARE = {
  ...{ name: 'queue.declare', queue: 'q', passive: false, durable: true, exclusive: false },
  ...{ autoDelete: false, noWait: false, arguments: EMPTY_TABLE },
} as const satisfies Method

export const CONSUME = {
  ...{ name: 'basic.consume', queue: 'q', consumerTag: 'c', noLocal: false, noAck: false },
  ...{ exclusive: false, noWait: false, arguments: EMPTY_TABLE },
} as const satisfies Method

/** A client that sends what it is told to, right or wrong. */
export class RawClient {
  readonly socket: Socket
  /** Methods that came, each with its channel; contents are not kept. */
  readonly heard: { readonly channel: number; readonly method: Method }[] = []
  /** Bytes that came. */
  bytes = 0
  over = false
  #waiting: (() => void)[] = []

  constructor(socket: Socket) {
    this.socket = socket
    const reader = new FrameReader(1 << 24, (type, channel, bytes, start, end) => {
      if (type !== FRAME_METHOD) return
      this.heard.push({ channel, method: decodeMethod(bytes, start, end) })
    })
    socket.on('data', (chunk) => {
      this.bytes += chunk.length
      if (chunk.subarray(0, 4).toString() !== 'AMQP') reader.feed(chunk)
      this.#wake()
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.over = true
      this.#wake()
    })
  }

  static async connect(port: number): Promise<RawClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    const client = new RawClient(socket)
    await once(socket, 'connect')
    return client
  }

  /** Through the handshake: the connection is open. */
  static async open(port: number, terms: Partial<RawTerms> = {}): Promise<RawClient> {
    const client = await RawClient.connect(port)
    client.send(PROTOCOL_HEADER)
    await client.next('connection.start')
    client.say(0, START_OK)
    await client.next('connection.tune')
    client.say(0, { name: 'connection.tune-ok', ...TERMS, ...terms })
    client.say(0, { name: 'connection.open', virtualHost: '/' })
    await client.next('connection.open-ok')
    return client
  }

  /** Opens a channel. */
  async channel(number = 1): Promise<void> {
    this.say(number, { name: 'channel.open' })
    await this.next('channel.open-ok')
  }

  send(bytes: Uint8Array): void {
    this.socket.write(bytes)
  }

  say(channel: number, method: Method): void {
    this.send(methodFrame(channel, method))
  }

  /** Until what was written has been handed to the system. */
  async drained(): Promise<void> {
    while (this.socket.writableLength > 0 && !this.over) {
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }

  /** The next method of that name, heard already or to come; it is taken out. */
  async next<N extends MethodName>(name: N): Promise<MethodOf<N>> {
    for (;;) {
      const at = this.heard.findIndex(({ method }) => method.name === name)
      if (at >= 0) return this.heard.splice(at, 1)[0]!.method as MethodOf<N>
      if (this.over) throw new Error(`Cannot hear ${name}: the connection is over`)
      await this.#more()
    }
  }

  /** How the server ends it: `connection 501`, `channel 406`, or `dropped`, without a word. */
  async verdict(): Promise<string> {
    for (;;) {
      for (const { method } of this.heard) {
        if (method.name === 'connection.close') return `connection ${method.replyCode}`
        if (method.name === 'channel.close') return `channel ${method.replyCode}`
      }
      if (this.over) return 'dropped'
      await this.#more()
    }
  }

  /** Gone without a word. */
  async drop(): Promise<void> {
    if (this.over) return
    const closed = once(this.socket, 'close')
    this.socket.destroy()
    await closed
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }

  #more(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}

/** A frame as given, whatever it says. */
export function rawFrame(type: number, channel: number, payload: Uint8Array): Buffer {
  const frame = Buffer.alloc(payload.length + 8)
  frame[0] = type
  frame.writeUInt16BE(channel, 1)
  frame.writeUInt32BE(payload.length, 3)
  frame.set(payload, 7)
  frame[payload.length + 7] = 0xce
  return frame
}

export function methodFrame(channel: number, method: Method): Uint8Array {
  const out = new FrameWriter()
  out.method(channel, method)
  return out.take()
}

/** The payload of a content header of `basic`, with no properties. */
export function headerPayload(bodySize: number, classId = 60, weight = 0): Buffer {
  const payload = Buffer.alloc(14)
  payload.writeUInt16BE(classId, 0)
  payload.writeUInt16BE(weight, 2)
  payload.writeBigUInt64BE(BigInt(bodySize), 4)
  return payload
}

/** A `basic.publish` to a queue by its name. */
export function publishOf(routingKey: string, exchange = ''): MethodOf<'basic.publish'> {
  return { name: 'basic.publish', exchange, routingKey, mandatory: false, immediate: false }
}
