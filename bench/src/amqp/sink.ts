import { createServer, type Socket } from 'node:net'
import type { Method } from '@hufu/wire/amqp091'
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
  writeProperties,
} from '@hufu/wire/amqp091'
import { CHANNEL } from './frames.ts'

/*
 * The driver's own ceiling: a process that confirms what comes, and sends as much to consumers, one
 * and the same message; nothing is stored.
 */
const PUBLISH = methodIdOf('basic.publish')
const ACK = methodIdOf('basic.ack')
const consumers = new Set<Sunk>()
let turn = 0
/** Each message goes to every consumer, else to one of them. */
let fanout = false

const ANSWERS: Partial<Record<Method['name'], Method>> = {
  'connection.start-ok': {
    name: 'connection.tune',
    channelMax: 9,
    frameMax: 131_072,
    heartbeat: 0,
  },
  'connection.open': { name: 'connection.open-ok' },
  'channel.open': { name: 'channel.open-ok' },
  'exchange.declare': { name: 'exchange.declare-ok' },
  'exchange.delete': { name: 'exchange.delete-ok' },
  'queue.declare': { name: 'queue.declare-ok', queue: '', messageCount: 0, consumerCount: 0 },
  'queue.bind': { name: 'queue.bind-ok' },
  'queue.delete': { name: 'queue.delete-ok', messageCount: 0 },
  'basic.qos': { name: 'basic.qos-ok' },
  'confirm.select': { name: 'confirm.select-ok' },
}

class Sunk {
  readonly #socket: Socket
  readonly #out = new FrameWriter()
  readonly #reader: FrameReader
  #published = 0
  #confirmed = 0
  #confirms = false
  #bodyBytes = 0
  #deliveries = Buffer.alloc(0)
  #delivered = 0

  constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    this.#reader = new FrameReader(131_072, (type, channel, bytes, start, end) => {
      if (type === FRAME_METHOD) this.#method(channel, bytes, start, end)
      else if (type === FRAME_BODY) this.#bodyBytes = end - start
    })
    socket.once('data', (header: Buffer) => this.#greet(header))
    socket.on('error', () => undefined)
    socket.on('close', () => consumers.delete(this))
  }

  #greet(header: Buffer): void {
    const rest = { mechanisms: 'PLAIN', locales: 'en_US', serverProperties: EMPTY_TABLE }
    this.#out.method(0, { name: 'connection.start', versionMajor: 0, versionMinor: 9, ...rest })
    this.#socket.write(this.#out.take())
    this.#socket.on('data', (chunk) => this.#heard(chunk))
    if (header.length > PROTOCOL_HEADER.length) this.#heard(header.subarray(8))
  }

  #heard(chunk: Buffer): void {
    this.#reader.feed(chunk)
    const count = this.#published - this.#confirmed
    this.#confirmed = this.#published
    if (count > 0 && this.#confirms) {
      this.#out.method(CHANNEL, { name: 'basic.ack', deliveryTag: this.#confirmed, multiple: true })
    }
    if (this.#out.length > 0) this.#socket.write(this.#out.take())
    if (count > 0) deliver(count, this.#bodyBytes)
  }

  #method(channel: number, bytes: Uint8Array, start: number, end: number): void {
    const id = methodIdAt(bytes, start)
    if (id === ACK) return
    if (id === PUBLISH) {
      this.#published++
      return
    }
    const method = decodeMethod(bytes, start, end)
    if (method.name === 'confirm.select') this.#confirms = true
    if (method.name === 'exchange.declare') fanout = true
    if (method.name === 'basic.consume') {
      consumers.add(this)
      this.#out.method(channel, { name: 'basic.consume-ok', consumerTag: method.consumerTag })
    } else {
      const answer = ANSWERS[method.name]
      if (answer !== undefined) this.#out.method(channel, answer)
    }
  }

  deliver(count: number, bytes: number): void {
    if (this.#delivered !== bytes) this.#makeDeliveries(bytes)
    const each = this.#deliveries.length / BLOCK
    for (let left = count; left > 0; left -= BLOCK) {
      this.#socket.write(this.#deliveries.subarray(0, Math.min(left, BLOCK) * each))
    }
  }

  #makeDeliveries(bytes: number): void {
    const names = { exchange: '', routingKey: 'bench-0', consumerTag: 'bench' }
    const method = { name: 'basic.deliver', deliveryTag: 1, redelivered: false, ...names } as const
    const content = { properties: writeProperties({ deliveryMode: 2 }), body: Buffer.alloc(bytes) }
    this.#out.content(CHANNEL, method, content)
    const one = this.#out.take()
    this.#deliveries = Buffer.alloc(BLOCK * one.length, one)
    this.#delivered = bytes
  }
}

const BLOCK = 256

/** To every consumer, or shared out among them read by read. */
function deliver(count: number, bytes: number): void {
  if (consumers.size === 0) return
  const all = [...consumers]
  const chosen = fanout ? all : [all[turn++ % all.length]!]
  for (const consumer of chosen) consumer.deliver(count, bytes)
}

process.on('disconnect', () => process.exit())
process.on('message', () => {
  const server = createServer((socket) => new Sunk(socket))
  server.listen(0, '127.0.0.1', () => {
    process.send?.({ port: (server.address() as { port: number }).port })
  })
})
