import { once } from 'node:events'
import amqplib, {
  type Channel,
  type ChannelModel,
  type ConfirmChannel,
  type ConsumeMessage,
  type GetMessage,
  type Message,
  type Options,
} from 'amqplib'
import { pause, type Stage, until } from '../scenario.ts'

/** An error of amqplib, which has the reply code. */
export type ReplyError = Error & { readonly code?: number | string }

const NOT_REFUSED = 'not refused'

/** A connection of amqplib on a stage. */
export class Session {
  readonly stage: Stage
  readonly connection: ChannelModel

  constructor(stage: Stage, connection: ChannelModel) {
    this.stage = stage
    this.connection = connection
    connection.setMaxListeners(0)
    connection.on('error', () => undefined)
  }

  static async open(stage: Stage, change: (url: URL) => void = () => {}): Promise<Session> {
    const url = new URL(stage.url)
    change(url)
    return new Session(stage, await amqplib.connect(url.href))
  }

  /** A name of this scenario's own. */
  own(name: string): string {
    return `${this.stage.name}.${name}`
  }

  async channel(): Promise<ConfirmChannel> {
    const channel = await this.connection.createConfirmChannel()
    channel.on('error', () => undefined)
    return channel
  }

  /** A channel without confirms: what is done on it is not answered. */
  async plainChannel(): Promise<Channel> {
    const channel = await this.connection.createChannel()
    channel.on('error', () => undefined)
    return channel
  }

  /** Does what closes its channel, and takes down code and text. */
  async refused(what: string, act: (channel: Channel) => unknown): Promise<void> {
    const channel = await this.plainChannel()
    const refusal = this.refusalOf(channel)
    await Promise.resolve(act(channel)).catch(() => undefined)
    const seen = await refusal
    this.stage.say(what, seen)
    if (seen === NOT_REFUSED) await channel.close()
  }

  /** Code and text of the error of the channel, or of the whole connection; none within 3 s. */
  refusalOf(channel: Channel): Promise<unknown> {
    const told = (error: ReplyError) => [error.code, error.message]
    return Promise.race([
      once(channel, 'error').then(([error]) => told(error)),
      once(this.connection, 'error').then(([error]) => told(error)),
      pause(3_000).then(() => NOT_REFUSED),
    ])
  }

  /** Ends the connection as a lost machine does. */
  cut(): void {
    const inner = this.connection.connection as unknown as { stream: { destroy(): void } }
    inner.stream.destroy()
  }

  async close(): Promise<void> {
    await this.connection.close()
  }
}

/** Plays with one connection, closed at the end. */
export function withSession(play: (session: Session) => Promise<void>) {
  return async (stage: Stage) => {
    const session = await Session.open(stage)
    await play(session)
    await session.close()
  }
}

/** What a consumer has been sent. */
export class Inbox {
  readonly all: ConsumeMessage[] = []
  readonly tag: string
  cancelled = 0
  #taken = 0

  constructor(tag: string) {
    this.tag = tag
  }

  /** Opened before the first message can come. */
  static async open(channel: Channel, queue: string, options?: Options.Consume): Promise<Inbox> {
    const early: (ConsumeMessage | null)[] = []
    let take = (message: ConsumeMessage | null): void => {
      early.push(message)
    }
    const { consumerTag } = await channel.consume(queue, (message) => take(message), options)
    const inbox = new Inbox(consumerTag)
    take = (message) => inbox.#add(message)
    for (const message of early) take(message)
    return inbox
  }

  #add(message: ConsumeMessage | null): void {
    if (message) this.all.push(message)
    else this.cancelled++
  }

  /** The next so many, when they are there. */
  async take(count: number): Promise<ConsumeMessage[]> {
    await until(`message ${this.#taken + count}`, () => this.all.length >= this.#taken + count)
    const taken = this.all.slice(this.#taken, this.#taken + count)
    this.#taken += count
    return taken
  }

  /** Those that came and were not taken, after time enough for one too many. */
  async rest(): Promise<ConsumeMessage[]> {
    await pause()
    return this.take(this.all.length - this.#taken)
  }
}

/** Publishes texts to a queue and waits for their confirms. */
export async function fill(
  channel: ConfirmChannel,
  queue: string,
  texts: readonly string[],
  options?: Options.Publish,
): Promise<void> {
  for (const text of texts) channel.sendToQueue(queue, Buffer.from(text), options)
  await channel.waitForConfirms()
}

/** `count` texts: 1, 2, … */
export function numbers(count: number): string[] {
  return Array.from({ length: count }, (_, at) => String(at + 1))
}

/** The bodies as texts. */
export function texts(messages: readonly Message[]): string[] {
  return messages.map(({ content }) => content.toString())
}

/** Bodies, each with whether it was delivered before. */
export function marked(messages: readonly (ConsumeMessage | GetMessage)[]): string[] {
  return messages.map(({ content, fields }) => `${content}${fields.redelivered ? ' again' : ''}`)
}

/** Everything in a message that is the same in every run. */
export function whole({ content, fields, properties }: Message): object {
  const { consumerTag: _, ...rest } = fields as { consumerTag?: string }
  const set = Object.entries(properties).filter(([, value]) => value !== undefined)
  return { body: content.toString(), fields: rest, properties: Object.fromEntries(set) }
}

/** Ready messages and consumers of a queue. */
export async function counts(channel: Channel, queue: string): Promise<[number, number]> {
  const { messageCount, consumerCount } = await channel.checkQueue(queue)
  return [messageCount, consumerCount]
}

/** Takes messages with `get` until there is none. */
export async function drain(channel: Channel, queue: string): Promise<GetMessage[]> {
  const all: GetMessage[] = []
  for (;;) {
    const message = await channel.get(queue, { noAck: true })
    if (!message) return all
    all.push(message)
  }
}
