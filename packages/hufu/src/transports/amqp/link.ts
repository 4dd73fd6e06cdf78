import { type Channel, type ChannelModel, connect, type SocketOptions } from 'amqplib'
import { backoffMs } from '../../backoff.ts'
import { HufuError, messageOf } from '../../errors.ts'
import { CLOSE_MS, inTime } from './in-time.ts'
import type { Settings } from './options.ts'

/** After connecting failed nobody tries again for so long, ms. */
const AGAIN = { firstMs: 100, capMs: 5_000, jitter: true }

/** One connection while it lives. */
export interface Connected {
  readonly model: ChannelModel
  readonly server: Server
  /** Why the server takes no messages at present. */
  blocked: string | undefined
}

export interface Server {
  readonly rabbitmq: boolean
  /** Of its version, the first number. */
  readonly major: number
}

/** A question got no answer; its channel is closed, the connection lives. */
export class Unanswered extends Error {}

/** A connection that is made when it is needed, again after each loss. */
export class Link {
  readonly #settings: Settings
  readonly #name: string
  #connected: Connected | undefined
  #connecting: Promise<Connected> | undefined
  #closed = false
  #failures = 0
  #notBefore = 0
  #lastError: unknown

  /** `name`: what the server's lists of connections say. */
  constructor(settings: Settings, name: string) {
    this.#settings = settings
    this.#name = name
  }

  /** The connection there is, or a new one. */
  async get(): Promise<Connected> {
    if (this.#closed) throw new HufuError('CLOSED', 'Connecting: the transport is closed')
    if (this.#connected) return this.#connected
    if (this.#settings.os.clock.mono() < this.#notBefore) throw this.#lastError
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined
    })
    return this.#connecting
  }

  /**
   * What `asked` gives. Without an answer in time the channel it was asked on is closed
   * (`Unanswered`); where that gets no answer either, or there is none, the connection is given up.
   */
  async ask<T>(connected: Connected, asked: Promise<T>, channel?: Channel): Promise<T> {
    const { os, publishTimeoutMs } = this.#settings
    const late = Promise.withResolvers<never>()
    let expired = false
    const timer = os.clock.timer(publishTimeoutMs, async () => {
      expired = true
      const text = `Asking the server: no answer within ${publishTimeoutMs} ms`
      if (channel && (await inTime(os.clock, closing(channel)))) {
        return late.reject(new Unanswered(text))
      }
      const error = new Error(`${text}; the connection is given up`)
      if (this.#connected === connected) this.#connected = undefined
      late.reject(error)
      streamOf(connected.model).destroy(error)
    })
    // The closing fails what was asked, before it is known how it ends.
    const answered = asked.catch((error) => {
      if (expired) return late.promise
      throw error
    })
    try {
      return await Promise.race([answered, late.promise])
    } finally {
      timer.cancel()
    }
  }

  get current(): Connected | undefined {
    return this.#connected
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#connecting?.catch(() => {})
    const model = this.#connected?.model
    this.#connected = undefined
    if (model) await this.#end(model)
  }

  async #connect(): Promise<Connected> {
    const failures: string[] = []
    for (const url of this.#settings.urls) {
      try {
        const connected = await this.#connectTo(url)
        this.#failures = 0
        return connected
      } catch (error) {
        failures.push(`${url.protocol}//${url.host}: ${messageOf(error)}`)
      }
    }
    const { clock, random } = this.#settings.os
    this.#notBefore = clock.mono() + backoffMs(++this.#failures, AGAIN, random)
    this.#lastError = new Error(`Connecting to ${failures.join('; ')}`)
    throw this.#lastError
  }

  async #connectTo(url: URL): Promise<Connected> {
    const { heartbeatS, connectTimeoutMs, tls } = this.#settings
    const address = new URL(url)
    if (heartbeatS !== undefined) address.searchParams.set('heartbeat', String(heartbeatS))
    const socket = {
      ...tls,
      noDelay: true,
      timeout: connectTimeoutMs,
      clientProperties: { connection_name: this.#name },
    }
    const model = await connect(address.href, socket as SocketOptions)
    const server = serverOf(model.connection.serverProperties)
    const connected: Connected = { model, server, blocked: undefined }
    this.#watch(connected)
    if (this.#closed) {
      await this.#end(model)
      throw new Error('the transport is closed')
    }
    this.#connected = connected
    return connected
  }

  #watch(connected: Connected): void {
    const { model } = connected
    model.setMaxListeners(0)
    // What is wrong is told again with `close`.
    model.on('error', () => {})
    model.on('blocked', (reason: string) => {
      connected.blocked = reason
    })
    model.on('unblocked', () => {
      connected.blocked = undefined
    })
    model.on('close', () => {
      if (this.#connected === connected) this.#connected = undefined
      // A machine that is gone never ends its side; the socket would keep the process alive.
      const { clock } = this.#settings.os
      clock.timer(CLOSE_MS, () => streamOf(model).destroy(), { background: true })
    })
  }

  /** In order where the server answers; a server that does not is left. */
  async #end(model: ChannelModel): Promise<void> {
    if (await inTime(this.#settings.os.clock, model.close())) return
    // With an error, or the client would not notice, and keep its timers.
    streamOf(model).destroy(new Error('the server did not agree to the end'))
  }
}

/** One that is closed already throws. */
async function closing(channel: Channel): Promise<void> {
  await channel.close()
}

/** The socket, of which the client's types say nothing. */
function streamOf({ connection }: ChannelModel): { destroy(error?: Error): void } {
  return (connection as unknown as { stream: { destroy(error?: Error): void } }).stream
}

function serverOf({ product, version }: { product: string; version: string }): Server {
  return { rabbitmq: product === 'RabbitMQ', major: Number.parseInt(version, 10) }
}
