import type { Connection } from '@hufu/os'
import type { Method } from '@hufu/wire/amqp091'
import {
  decodeMethod,
  FRAME_HEARTBEAT,
  FRAME_METHOD,
  FrameReader,
  FrameWriter,
  PROTOCOL_HEADER,
} from '@hufu/wire/amqp091'
import { AmqpError, type ReplyCode } from './amqp-error.ts'
import { Budget } from './budget.ts'
import { Channel, type Overseer } from './channel.ts'
import type { ChannelHost } from './channel-host.ts'
import { opensChannel } from './channel-open.ts'
import { asAmqp, methodOf } from './connection-errors.ts'
import {
  CONTENTS_MAX,
  HANDSHAKE_MS,
  LAST_WORD_MS,
  OUT_MAX,
  PIECE_BYTES,
} from './connection-limits.ts'
import { DiskAlarm } from './disk-alarm.ts'
import type { DoorParts } from './door-parts.ts'
import { type FailedMethod, idsOf, NO_METHOD } from './failed-method.ts'
import { Greeting } from './greeting.ts'
import { Handshake } from './handshake.ts'
import { Heartbeats } from './heartbeats.ts'
import type { Terms } from './negotiate.ts'
import { Pressure } from './pressure.ts'
import { TurnShare } from './turn-share.ts'
import type { VirtualHost } from './virtual-host.ts'

type Phase = 'header' | 'handshake' | 'running' | 'closing' | 'over'

let connections = 0

/** One client: its handshake, its channels, and what is sent to it. */
export class AmqpConnection implements ChannelHost, Overseer {
  /** Tells connections of this process apart. */
  readonly number = ++connections
  readonly parts: DoorParts
  readonly out = new FrameWriter()
  readonly contents = new Budget(CONTENTS_MAX, 'unfinished messages')
  readonly #socket: Connection
  readonly #reader: FrameReader
  readonly #channels = new Map<number, Channel>()
  readonly #onOver: (connection: AmqpConnection) => void
  #phase: Phase = 'header'
  readonly #greeting = new Greeting()
  readonly pressure: Pressure
  readonly share: TurnShare
  readonly #handshake: Handshake
  #flushing = false
  /** Some channel has something to hand over. */
  #published = false
  /** What is to be done when nothing of any channel is under way. */
  #whenIdle: (() => void) | undefined
  readonly #alarm = new DiskAlarm()
  gone = false
  readonly #heartbeats = new Heartbeats()
  /** Monotonic ms. */
  #endBy = Number.POSITIVE_INFINITY

  constructor(socket: Connection, parts: DoorParts, onOver: (connection: AmqpConnection) => void) {
    this.#socket = socket
    this.pressure = new Pressure(socket)
    this.share = new TurnShare(parts.os.clock, () => this.#safely(() => this.#goOn()))
    this.parts = parts
    this.#onOver = onOver
    this.#handshake = new Handshake(parts, socket, {
      send: (method) => this.#send(method),
      fail: (error) => this.#fail(this.#asAmqp(error), NO_METHOD),
      tuned: ({ frameMax }) => {
        this.#reader.frameMax = frameMax
        this.out.frameMax = frameMax
      },
      opened: () => {
        this.#phase = 'running'
        this.#endBy = Number.POSITIVE_INFINITY
      },
      channels: () => this.#channels.size,
    })
    this.#reader = new FrameReader(parts.offered.frameMax, (type, channel, bytes, start, end) =>
      this.#heard(type, channel, bytes, start, end),
    )
  }

  start(): void {
    this.#heartbeats.begin(this.#now())
    this.#endBy = this.#now() + HANDSHAKE_MS
    this.#socket.start({
      data: (chunk) => this.#data(chunk),
      drain: () => this.#drained(),
      end: () => this.#left(),
      close: () => this.#left(),
    })
  }

  /** Called about once a second: heartbeats, and waits that are over. */
  tick(): void {
    const now = this.#now()
    if (now >= this.#endBy || this.pressure.isStuck(now)) return this.#socket.destroy()
    if (this.#phase !== 'running') return
    const what = this.#heartbeats.look(now, this.terms.heartbeat * 1_000, !this.pressure.held)
    if (what === 'gone') return this.#socket.destroy()
    if (what === undefined) return
    this.out.heartbeat()
    this.changed()
  }

  /** The server ends it: the client is told, and has some seconds to answer. */
  close(code: ReplyCode, detail: string): void {
    if (this.#phase === 'running') this.#fail(new AmqpError(code, detail, true), NO_METHOD)
    else this.#socket.destroy()
  }

  /** The disk is full, or is not any more: who publishes is told, and not read meanwhile. */
  block(reason: string | undefined): void {
    if (this.#phase !== 'running') return
    const send = (method: Method) => this.#send(method)
    const { capabilities, pressure } = this
    this.#alarm.look(reason, { pressure, capabilities, send })
  }

  /** Ends it at once. */
  drop(): void {
    this.#socket.destroy()
  }

  // What channels ask of their connection.

  get capabilities(): ReadonlySet<string> {
    return this.#handshake.capabilities
  }
  get terms(): Terms {
    return this.#handshake.terms
  }
  get user(): string {
    return this.#handshake.user
  }
  get vhost(): VirtualHost {
    return this.#handshake.vhost
  }
  get full(): boolean {
    return this.share.resting || (!this.gone && (this.congested || this.out.length > OUT_MAX))
  }
  get congested(): boolean {
    return this.pressure.congested
  }
  /** Something is to be sent: all of a turn goes out as one write, or in large pieces. */
  changed(): void {
    if (this.out.length >= PIECE_BYTES && !this.congested) this.#write()
    if (this.#flushing) return
    this.#flushing = true
    this.parts.os.clock.turn(() => this.#safely(() => this.#flush()))
  }

  failed(error: unknown, channel: Channel, method: FailedMethod): void {
    const refusal = this.#asAmqp(error)
    if (refusal.hard) return this.#fail(refusal, method)
    channel.refuse(refusal, method)
  }

  channelOver(number: number): void {
    this.#channels.delete(number)
  }

  idle(): void {
    if (this.#whenIdle === undefined) return
    for (const channel of this.#channels.values()) if (!channel.idle) return
    const go = this.#whenIdle
    this.#whenIdle = undefined
    go()
  }

  /** What has come is dealt with first. */
  #afterAll(go: () => void): void {
    this.#whenIdle = go
    this.idle()
  }
  published(): void {
    this.#published = true
    this.#alarm.hasPublished = true
    this.changed()
  }
  lost(error: unknown): void {
    this.#fail(this.#asAmqp(error), NO_METHOD)
  }
  hold(): void {
    this.share.stop()
    this.pressure.hold()
  }
  release(): void {
    this.pressure.release()
    this.share.goOn()
  }

  #data(chunk: Uint8Array): void {
    const now = this.#now()
    this.#heartbeats.lastHeard = now
    this.share.begin(now)
    try {
      const rest = this.#phase === 'header' ? this.#protocolHeader(chunk) : chunk
      if (rest !== undefined && rest.length > 0) this.#reader.feed(rest)
      if (this.#published) this.#handOver()
    } catch (error) {
      this.#fail(this.#asAmqp(error), methodOf(error))
      // Where the next frame begins is not known: no answer can be read.
      this.#endBy = this.#now() + LAST_WORD_MS
    }
  }

  #handOver(): void {
    this.#published = false
    for (const channel of this.#channels.values()) channel.handOver()
  }

  /** What follows the header; undefined while it is not whole, or when it is another protocol. */
  #protocolHeader(chunk: Uint8Array): Uint8Array | undefined {
    const rest = this.#greeting.take(chunk)
    if (rest === 'incomplete') return undefined
    if (rest === 'other') {
      this.#socket.write(PROTOCOL_HEADER)
      this.#end()
      return undefined
    }
    this.#phase = 'handshake'
    this.#handshake.begin()
    return rest
  }

  /** An error must not reach the reader: the client's answer to it is still to be read. */
  #heard(type: number, number: number, bytes: Uint8Array, start: number, end: number): void {
    try {
      if (this.#phase === 'running' && type !== FRAME_HEARTBEAT) {
        const channel = this.#channels.get(number)
        if (channel !== undefined) return channel.frame(type, bytes, start, end)
      }
      this.#frame(type, number, bytes.subarray(start, end))
    } catch (error) {
      const ids = type === FRAME_METHOD ? idsOf(bytes, start, end) : methodOf(error)
      this.#fail(this.#asAmqp(error), ids)
    }
  }

  #frame(type: number, number: number, payload: Uint8Array): void {
    if (this.#phase === 'over') return
    if (type === FRAME_HEARTBEAT) {
      if (number !== 0) throw new AmqpError(505, 'a heartbeat on a channel')
      return
    }
    if (number === 0) {
      if (type !== FRAME_METHOD) throw new AmqpError(505, 'content on channel 0')
      return this.#method(decodeMethod(payload))
    }
    if (this.#phase === 'closing') return
    if (this.#phase !== 'running') throw new AmqpError(503, 'the connection is not open yet')
    this.#openChannel(number, type, payload)
  }

  #openChannel(number: number, type: number, payload: Uint8Array): void {
    if (!opensChannel(type, payload)) return
    this.#handshake.demandChannel(number)
    this.#channels.set(number, new Channel(this, number))
    this.out.method(number, { name: 'channel.open-ok' })
    this.changed()
  }

  #method(method: Method): void {
    if (method.name === 'connection.close') return this.#closedByClient()
    if (this.#phase === 'closing') {
      if (method.name === 'connection.close-ok') this.#end()
      return
    }
    if (this.#handshake.take(method)) return
    if (method.name === 'connection.update-secret' && this.#phase === 'running') {
      return this.#send({ name: 'connection.update-secret-ok' })
    }
    if (method.name === 'connection.blocked' || method.name === 'connection.unblocked') return
    if (this.#phase !== 'running') throw new AmqpError(503, `${method.name} is not expected now`)
    throw new AmqpError(504, 'unexpected method in connection state running')
  }

  // What goes out, and the end.

  #send(method: Method): void {
    this.out.method(0, method)
    this.changed()
  }

  #flush(): void {
    this.#flushing = false
    if (this.#published) this.#handOver()
    for (const channel of this.#channels.values()) channel.beforeFlush()
    if (this.out.length > 0) this.#write()
    if (this.pressure.hasWaiting && !this.full) this.#goOn()
  }

  /** What goes wrong outside of a read ends this connection, and nobody else's. */
  #safely(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#fail(this.#asAmqp(error), NO_METHOD)
    }
  }

  /** A new turn has come after one that was filled. */
  #goOn(): void {
    for (const channel of this.#channels.values()) channel.goOn()
    if (this.#published) this.#handOver()
  }

  #write(): void {
    this.#heartbeats.lastSent = this.#now()
    const bytes = this.out.take()
    const took = this.#socket.write(bytes)
    if (this.#socket.buffered === 0) this.out.recycle(bytes)
    if (took || this.congested) return
    this.pressure.congest(this.#now())
    for (const channel of this.#channels.values()) channel.pause()
  }

  #drained(): void {
    if (!this.congested) return
    this.pressure.relieve()
    for (const channel of this.#channels.values()) channel.resume()
  }

  #fail(error: AmqpError, { classId, methodId }: FailedMethod): void {
    if (this.#phase === 'closing' || this.#phase === 'over') return
    // Who has not even said which protocol it speaks hears nothing.
    const silent = this.#phase === 'header'
    this.#leaveChannels()
    this.idle()
    this.#phase = 'closing'
    this.#handshake.end()
    this.#endBy = this.#now() + HANDSHAKE_MS
    if (silent) return this.#socket.destroy()
    const { code: replyCode, message: replyText } = error
    this.#send({ name: 'connection.close', replyCode, replyText, classId, methodId })
  }

  #closedByClient(): void {
    this.#afterAll(() => {
      this.#leaveChannels()
      this.#send({ name: 'connection.close-ok' })
      this.#flush()
      // The end is the client's: some take an end that comes with the answer for a broken line.
      this.#phase = 'over'
      this.#endBy = this.#now() + LAST_WORD_MS
    })
  }

  #end(): void {
    this.#phase = 'over'
    this.#socket.end()
    // It may never take notice.
    this.#endBy = this.#now() + HANDSHAKE_MS
  }

  #left(): void {
    if (this.gone) return
    this.gone = true
    this.#safely(() => this.#goOn())
    this.#afterAll(() => {
      this.#leaveChannels()
      this.#phase = 'over'
      this.#handshake.end()
      this.#safely(() => this.#flush())
      this.#socket.end()
      this.#onOver(this)
    })
  }

  #leaveChannels(): void {
    const channels = [...this.#channels.values()]
    this.#channels.clear()
    for (const channel of channels) {
      try {
        channel.end()
      } catch (error) {
        this.#asAmqp(error)
      }
    }
  }

  #asAmqp(error: unknown): AmqpError {
    const who = this.user || 'nobody'
    return asAmqp(error, (text) => this.parts.warn(`Connection of ${who}: ${text}`))
  }

  #now(): number {
    return this.parts.os.clock.mono()
  }
}
