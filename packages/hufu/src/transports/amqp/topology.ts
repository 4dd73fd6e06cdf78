import type { Channel, Options } from 'amqplib'
import { messageOf } from '../../errors.ts'
import { type Connected, type Link, type Server, Unanswered } from './link.ts'
import { Names } from './names.ts'
import type { Settings } from './options.ts'

/** `NOT_FOUND` and `PRECONDITION_FAILED`, as the server says them. */
const NOT_FOUND = 404
const DIFFERENT = 406

/** Queues declared before the first of them is waited for. */
const AT_A_TIME = 50

/** Why a message that needs something cannot be sent now. */
export interface Lack {
  readonly code: string
  readonly text: string
  /** It may be there later. */
  readonly retriable: boolean
}

/** What is there on the server: the exchange, the groups' queues, the queues for waiting. */
export class Topology {
  readonly names: Names
  readonly #link: Link
  readonly #queues: Settings['queues']
  /** Queues declared by us; made again on each new connection, as the server may be a new one. */
  readonly #declared = new Set<string>()
  /** Queues and waits of which the present connection knows that they are there. */
  readonly #known = new Set<string>()
  #connected: Connected | undefined
  /** Ours are made, or being made, since everything was last forgotten. */
  #remade = false
  #channel: Promise<Channel> | undefined

  constructor(link: Link, { prefix, queues }: Settings) {
    this.#link = link
    this.#queues = queues
    this.names = new Names(prefix)
  }

  /** Makes the groups' queues, or finds them as they are. */
  async declare(event: string, groups: readonly string[]): Promise<void> {
    const queues = groups.map((group) => this.names.queue(event, group))
    for (const queue of queues) this.#declared.add(queue)
    const [refusal] = (await this.#make(queues)).values()
    if (refusal) throw refusal
  }

  /** What is lacking of the queues, by queue; our own are made where they are gone. */
  async lacking(queues: Iterable<string>): Promise<Map<string, Lack>> {
    await this.#refresh()
    const lacks = new Map<string, Lack>()
    const unknown = [...new Set(queues)].filter((queue) => !this.#known.has(queue))
    const ours = unknown.filter((queue) => this.#declared.has(queue))
    for (const [queue, refusal] of await this.#make(ours)) lacks.set(queue, lackOf(refusal))
    for (const queue of unknown) {
      if (this.#known.has(queue) || lacks.has(queue) || (await this.#find(queue))) continue
      const text = `there is no queue ${queue}`
      lacks.set(queue, { code: 'QUEUE_UNKNOWN', text, retriable: false })
    }
    return lacks
  }

  /** Makes the queue for a wait, and the exchange in front of it; or says what is lacking. */
  async demandRung(ms: number): Promise<Lack | undefined> {
    const name = this.names.rung(ms)
    if (this.#known.has(name)) return undefined
    const { server } = await this.#refresh()
    const back = { messageTtl: ms, deadLetterExchange: this.names.exchange }
    try {
      await this.#with((channel) => channel.assertExchange(name, 'fanout'))
      await this.#makeOne(name, name, { ...back, ...this.#waitOptions(server) })
    } catch (error) {
      if (!isRefusal(error)) throw error
      return lackOf(error)
    }
    this.#known.add(name)
    return undefined
  }

  /** A queue was found missing: it is looked for, or made, before the next message to it. */
  forget(queue: string): void {
    this.#known.delete(queue)
  }

  /** An exchange or a wait was found missing, and with it perhaps the bindings of every queue. */
  forgetAll(): void {
    this.#known.clear()
    this.#remade = false
  }

  /** On a new connection, or where it may be gone, everything of ours is made again. */
  async #refresh(): Promise<Connected> {
    const connected = await this.#link.get()
    if (this.#connected !== connected) {
      this.#connected = connected
      this.#channel = undefined
      this.forgetAll()
    }
    if (!this.#remade) {
      this.#remade = true
      await this.#make([...this.#declared])
    }
    return connected
  }

  /** What the server has refused, by queue; the others are there. */
  async #make(queues: readonly string[]): Promise<Map<string, Error>> {
    const { server } = await this.#refresh()
    const wanted = queues.filter((queue) => !this.#known.has(queue))
    const options = { arguments: this.#queueArguments(server) }
    const refusals = new Map<string, Error>()
    for (let at = 0; at < wanted.length; at += AT_A_TIME) {
      await this.#makeSome(wanted.slice(at, at + AT_A_TIME), options, refusals)
    }
    return refusals
  }

  async #makeSome(
    wanted: readonly string[],
    options: Options.AssertQueue,
    refusals: Map<string, Error>,
  ): Promise<void> {
    const { exchange } = this.names
    try {
      await this.#with(async (channel) => {
        const steps: Promise<unknown>[] = [channel.assertExchange(exchange, 'direct')]
        for (const queue of wanted) {
          steps.push(channel.assertQueue(queue, options))
          steps.push(channel.bindQueue(queue, exchange, queue))
        }
        await all(steps)
      })
      for (const queue of wanted) this.#known.add(queue)
      return
    } catch (error) {
      if (!isRefusal(error)) throw error
    }
    // Each alone: one that is refused keeps no other from being made.
    for (const queue of wanted) {
      try {
        await this.#makeOne(queue, exchange, options)
        this.#known.add(queue)
      } catch (error) {
        if (!isRefusal(error)) throw error
        refusals.set(queue, error)
      }
    }
  }

  /** One that is there with other arguments is taken as it is: somebody wanted it so. */
  async #makeOne(queue: string, exchange: string, options: Options.AssertQueue): Promise<void> {
    let channel = await this.#open()
    try {
      await this.#ask(channel, channel.assertQueue(queue, options))
    } catch (error) {
      if (codeOf(error) !== DIFFERENT) throw error
      channel = await this.#open()
      // The same code is also given for what is not allowed; then it is not there.
      await this.#ask(channel, channel.checkQueue(queue)).catch((found) => {
        throw codeOf(found) === NOT_FOUND ? error : found
      })
    }
    await this.#ask(channel, channel.bindQueue(queue, exchange, queue))
    await this.#ask(channel, channel.close())
  }

  /** Whether somebody else has made it. To ask in vain ends a channel, so it gets its own. */
  async #find(queue: string): Promise<boolean> {
    const { exchange } = this.names
    const channel = await this.#open()
    try {
      await this.#ask(channel, channel.assertExchange(exchange, 'direct'))
      await this.#ask(channel, channel.checkQueue(queue))
    } catch (error) {
      if (codeOf(error) === NOT_FOUND) return false
      throw error
    }
    // Whoever made it does not notice that its binding went with the exchange.
    await this.#ask(channel, channel.bindQueue(queue, exchange, queue))
    await this.#ask(channel, channel.close())
    this.#known.add(queue)
    return true
  }

  #queueArguments({ rabbitmq, major }: Server): Record<string, unknown> {
    if (!rabbitmq) return {}
    if (this.#queues === 'classic') return { 'x-queue-type': 'classic' }
    // From 4.0 a message is dropped when it was delivered 20 times in vain.
    const unlimited = major >= 4 ? { 'x-delivery-limit': -1 } : {}
    return { 'x-queue-type': 'quorum', ...unlimited }
  }

  /** On a RabbitMQ a message leaves its wait only when it has arrived where it goes. */
  #waitOptions({ rabbitmq }: Server): { overflow?: string; arguments: Record<string, unknown> } {
    if (!rabbitmq || this.#queues === 'classic') return { arguments: {} }
    const type = { 'x-queue-type': 'quorum', 'x-dead-letter-strategy': 'at-least-once' }
    return { overflow: 'reject-publish', arguments: type }
  }

  /** An error of the server ends a channel; the next step gets a new one. */
  async #with<T>(step: (channel: Channel) => Promise<T>): Promise<T> {
    this.#channel ??= this.#open()
    const opening = this.#channel
    try {
      const channel = await opening
      return await this.#ask(channel, step(channel))
    } catch (error) {
      if (this.#channel === opening) this.#channel = undefined
      throw new Error(`Declaring what messages need: ${messageOf(error)}`, { cause: error })
    }
  }

  async #ask<T>(channel: Channel, asked: Promise<T>): Promise<T> {
    return this.#link.ask(this.#connected!, asked, channel)
  }

  async #open(): Promise<Channel> {
    const connected = await this.#link.get()
    const channel = await this.#link.ask(connected, connected.model.createChannel())
    channel.on('error', () => {})
    return channel
  }
}

/** The server's code of what it refused. */
function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | undefined)?.code
}

/** The server has refused it, or says nothing of it; the connection lives. */
function isRefusal(error: unknown): error is Error {
  if (error instanceof Unanswered || (error as Error).cause instanceof Unanswered) return true
  const code = codeOf(error) ?? codeOf((error as Error).cause)
  return typeof code === 'number' && code >= 403 && code <= 406
}

function lackOf(refusal: Error): Lack {
  return { code: 'NOT_DECLARED', text: messageOf(refusal), retriable: true }
}

/** As `Promise.all`, but the steps after one that failed are no unhandled rejections. */
async function all(steps: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(steps)
  const failed = results.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
}
