import { connect, type Socket } from 'node:net'
import {
  type ContentMethod,
  decodeHeader,
  decodeMethod,
  EMPTY_TABLE,
  encodePlain,
  FRAME_BODY,
  FRAME_HEADER,
  FRAME_HEARTBEAT,
  FrameReader,
  FrameWriter,
  type Method,
  type PlainFields,
  PROTOCOL_HEADER,
  type Properties,
  plainOf,
  writeProperties,
} from '@hufu/wire/amqp091'
import type { Stage } from '../scenario.ts'

/** What has come: `[channel, method, arguments]`, or `['end']`. */
export type Sight = readonly unknown[]

/** Nothing more is awaited after so long a silence. */
const SILENCE_MS = 700

export interface Terms {
  readonly channelMax: number
  readonly frameMax: number
  readonly heartbeat: number
}

/** A client that speaks in frames, with no rules of its own. */
export class Peer {
  readonly seen: Sight[] = []
  readonly #out = new FrameWriter()
  readonly #socket: Socket
  readonly #stage: Stage
  #wake: () => void = () => {}
  #silenceSince = performance.now()
  #ended = false

  constructor(stage: Stage) {
    const { hostname, port } = new URL(stage.url)
    this.#stage = stage
    this.#socket = connect(Number(port), hostname)
    const reader = new FrameReader(1 << 20, (type, channel, bytes, start, end) => {
      this.#see(sightOf(type, channel, bytes.slice(start, end)))
    })
    this.#socket.on('data', (chunk) => this.#read(reader, chunk))
    this.#socket.on('error', () => undefined)
    this.#socket.on('close', () => {
      this.#ended = true
      this.#see(['end'])
    })
  }

  /** With the handshake done and channel 1 open. */
  static async entered(stage: Stage, terms: Partial<Terms> = {}): Promise<Peer> {
    const peer = new Peer(stage)
    await peer.handshake(terms)
    peer.open(1)
    await peer.next('channel.open-ok')
    peer.seen.length = 0
    return peer
  }

  async handshake(terms: Partial<Terms> = {}): Promise<void> {
    this.raw(PROTOCOL_HEADER)
    await this.next('connection.start')
    const { username, password } = new URL(this.#stage.url)
    this.startOk('PLAIN', Buffer.from(`\0${username}\0${password}`))
    await this.next('connection.tune')
    this.send(0, { name: 'connection.tune-ok', ...TERMS, ...terms })
    this.send(0, { name: 'connection.open', virtualHost: '/' })
    await this.next('connection.open-ok')
  }

  startOk(mechanism: string, response: Uint8Array, clientProperties: PlainFields = CLIENT): void {
    const properties = encodePlain(clientProperties)
    const method = { mechanism, response, clientProperties: properties, locale: 'en_US' }
    this.send(0, { name: 'connection.start-ok', ...method })
  }

  open(channel: number): void {
    this.send(channel, { name: 'channel.open' })
  }

  raw(bytes: Uint8Array | string): void {
    this.#silenceSince = performance.now()
    this.#socket.write(bytes)
  }

  send(channel: number, ...methods: readonly Method[]): void {
    for (const method of methods) this.#out.method(channel, method)
    this.raw(this.#out.take())
  }

  /** A frame of any kind, its end the right one if not told otherwise. */
  frame(type: number, channel: number, payload: Uint8Array, end = 0xce): void {
    const head = Buffer.alloc(7)
    head.writeUInt8(type, 0)
    head.writeUInt16BE(channel, 1)
    head.writeUInt32BE(payload.length, 3)
    this.raw(Buffer.concat([head, payload, Buffer.from([end])]))
  }

  content(
    channel: number,
    method: ContentMethod,
    body: string | Uint8Array,
    properties: Properties | Uint8Array = {},
  ): void {
    const written = properties instanceof Uint8Array ? properties : writeProperties(properties)
    this.#out.content(channel, method, { properties: written, body: Buffer.from(body) })
    this.raw(this.#out.take())
  }

  /** Waits for a method, 10 s at most, and says what came with it. */
  async next(name: string): Promise<Sight> {
    const end = performance.now() + 10_000
    for (;;) {
      const at = this.seen.findIndex((sight) => sight[1] === name)
      const sight = this.seen[at]
      if (sight) {
        this.seen.splice(0, at + 1)
        return sight
      }
      if (this.#ended || performance.now() > end) {
        throw new Error(`Cannot go on: no ${name}, but ${JSON.stringify(this.seen)}`)
      }
      await this.#more(100)
    }
  }

  /** All that came, once nothing more comes or the connection is closed. */
  async rest(silenceMs = SILENCE_MS): Promise<readonly Sight[]> {
    while (!this.#over && performance.now() - this.#silenceSince < silenceMs) await this.#more(50)
    const seen = [...this.seen]
    if (seen.at(-1)?.[1] === 'connection.close') this.send(0, { name: 'connection.close-ok' })
    this.#socket.end()
    setTimeout(() => this.#socket.destroy(), 1_000).unref()
    return seen
  }

  get #over(): boolean {
    const last = this.seen.at(-1)?.[1]
    return this.#ended || last === 'connection.close' || last === 'connection.close-ok'
  }

  #read(reader: FrameReader, chunk: Buffer): void {
    if (chunk.toString('latin1', 0, 4) === 'AMQP') {
      this.#see(['protocol header', chunk.toString('hex', 4)])
    } else reader.feed(chunk)
  }

  #see(sight: Sight): void {
    this.seen.push(sight)
    this.#silenceSince = performance.now()
    this.#wake()
  }

  async #more(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

const TERMS: Terms = { channelMax: 2_047, frameMax: 131_072, heartbeat: 0 }

const CLIENT: PlainFields = {
  product: 'interop',
  capabilities: {
    publisher_confirms: true,
    'basic.nack': true,
    consumer_cancel_notify: true,
    authentication_failure_close: true,
    'connection.blocked': true,
  },
}

function sightOf(type: number, channel: number, payload: Uint8Array): Sight {
  if (type === FRAME_HEARTBEAT) return [channel, '(heartbeat)']
  if (type === FRAME_BODY) return [channel, '(body)', bodyOf(payload)]
  if (type === FRAME_HEADER) {
    const { bodySize, properties } = decodeHeader(payload)
    return [channel, '(header)', bodySize, Buffer.from(properties).toString('hex')]
  }
  const { name, ...args } = decodeMethod(payload) as Method & Record<string, unknown>
  return [channel, name, shown(args)]
}

function bodyOf(payload: Uint8Array): string {
  const text = Buffer.from(payload).toString()
  return text.length > 40 ? `${text.length} bytes` : text
}

function shown(args: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(args).map(([key, value]) => [
      key,
      value instanceof Uint8Array && TABLES.has(key) ? plainOf(value) : value,
    ]),
  )
}

const TABLES = new Set(['arguments', 'serverProperties', 'clientProperties'])

export const NO_ARGUMENTS = { arguments: EMPTY_TABLE }
