import type { Clock, Timer } from '@hufu/os'
import type { Channel, ConsumeMessage } from 'amqplib'
import { messageOf } from '../../errors.ts'
import type {
  Delivery,
  PublishOutcome,
  Settlement,
  SubscribeRequest,
  TransportSubscription,
} from '../../ports/transport.ts'
import { Gate } from './gate.ts'
import { inTime } from './in-time.ts'
import { contentOf, leftMsOf } from './wire.ts'

/** Fetched beyond the credit where order is kept by key, so that one busy key stops no other. */
const KEYED_EXTRA = 256

/** As the server says that there is no such queue. */
const NOT_FOUND = 404

/** The largest prefetch of the protocol; 0 would mean no limit. */
const PREFETCH_MAX = 65_535

/** A message that is not acknowledged. */
interface Unsettled {
  readonly message: ConsumeMessage
  /** As the library has it, or will get it. */
  delivery: Delivery
  readonly key?: string
  timer?: Timer
}

export interface SubscriptionParts {
  readonly request: SubscribeRequest
  readonly channel: Channel
  readonly queue: string
  readonly clock: Clock
  /** Waits for an answer of the server, but not for ever. */
  readonly ask: <T>(asked: Promise<T>) => Promise<T>
  /** A new number. */
  readonly handle: () => number
  /** The queue is not there. */
  readonly onGone: () => void
  /** Sends a message into its next wait. */
  readonly waitAgain: (message: Delivery, leftMs: number) => Promise<PublishOutcome>
}

/** One consumer on a channel of its own: what it holds when it ends goes back to its queue. */
export class Subscription implements TransportSubscription {
  readonly #parts: SubscriptionParts
  readonly #gate: Gate<Unsettled>
  readonly #unsettled = new Map<number, Unsettled>()
  #prefetch: number
  #tag: string | undefined
  #changing: Promise<void> = Promise.resolve()
  #started = false
  #ended = false
  #failure: Error | undefined

  constructor(parts: SubscriptionParts) {
    this.#parts = parts
    const { credit, keyOrder } = parts.request
    this.#gate = new Gate(credit, keyOrder)
    this.#prefetch = this.#prefetchOf(credit)
    const { channel } = parts
    channel.on('close', () => this.#over(new Error('the channel or its connection was lost')))
    channel.on('error', (error: Error) => this.#over(error))
  }

  /** Rejects where it ends at once; from then on `onEnd` is told. */
  async start(): Promise<void> {
    await this.#consume()
    if (this.#failure) throw this.#failure
    this.#started = true
  }

  async settle(batch: readonly Settlement[]): Promise<void> {
    for (const settlement of batch) {
      const found = this.#unsettled.get(settlement.handle)
      if (found && !this.#ended) this.#settleOne(found, settlement)
    }
    this.#pump()
  }

  setCredit(credit: number): void {
    this.#gate.credit = credit
    this.#pump()
    const prefetch = this.#prefetchOf(credit)
    if (prefetch <= this.#prefetch) return
    this.#prefetch = prefetch
    this.#changing = this.#changing.then(() => this.#fetchMore()).catch((e) => this.#over(e))
  }

  async close(): Promise<void> {
    if (this.#ended) return
    this.#end()
    // What was acknowledged stands before the close, so the server has seen it when this resolves.
    await inTime(this.#parts.clock, this.#parts.channel.close())
  }

  #prefetchOf(credit: number): number {
    const extra = this.#parts.request.keyOrder ? KEYED_EXTRA : 0
    return Math.min(credit + extra, PREFETCH_MAX)
  }

  async #consume(): Promise<void> {
    const { channel, queue, ask } = this.#parts
    await ask(channel.prefetch(this.#prefetch))
    const onMessage = (message: ConsumeMessage | null) =>
      message ? this.#take(message) : this.#gone(`the queue ${queue} is gone`)
    try {
      this.#tag = (await ask(channel.consume(queue, onMessage))).consumerTag
    } catch (error) {
      if ((error as { code?: unknown }).code === NOT_FOUND) this.#gone(messageOf(error))
      throw error
    }
  }

  /** A consumer keeps the prefetch it began with, so another one takes its place. */
  async #fetchMore(): Promise<void> {
    if (this.#ended) return
    const { channel, ask } = this.#parts
    if (this.#tag !== undefined) await ask(channel.cancel(this.#tag))
    if (!this.#ended) await this.#consume()
  }

  #take(message: ConsumeMessage): void {
    const { request, handle } = this.#parts
    const content = contentOf(request.event, request.group, message)
    const { redelivered } = message.fields
    const delivery = { ...content, handle: handle(), attempts: 0, redelivered }
    if (leftMsOf(message) > 0) return void this.#passOn(message, delivery)
    const { key } = content
    this.#gate.add({ message, delivery, ...(key !== undefined && { key }) })
    this.#pump()
  }

  /** A delay longer than one wait: it waits again. */
  async #passOn(message: ConsumeMessage, delivery: Delivery): Promise<void> {
    const outcome = await this.#parts.waitAgain(delivery, leftMsOf(message)).catch(() => undefined)
    if (this.#ended) return
    if (outcome?.ok) this.#parts.channel.ack(message)
    else this.#over(new Error(`a delayed message could not be sent on: ${outcome?.cause}`))
  }

  #pump(): void {
    if (this.#ended) return
    const taken = this.#gate.take()
    if (taken.length === 0) return
    for (const each of taken) this.#unsettled.set(each.delivery.handle, each)
    this.#parts.request.onDeliveries(taken.map(({ delivery }) => delivery))
  }

  #settleOne(found: Unsettled, settlement: Settlement): void {
    this.#unsettled.delete(settlement.handle)
    if (settlement.outcome === 'done') {
      this.#parts.channel.ack(found.message)
      return this.#gate.release(found)
    }
    const { attempts } = found.delivery
    const retry = settlement.outcome === 'retry'
    found.delivery = {
      ...found.delivery,
      handle: this.#parts.handle(),
      // What was only put off was not tried.
      redelivered: retry || found.delivery.redelivered,
      attempts: retry ? attempts + 1 : attempts,
      ...(retry && { cause: settlement.cause }),
    }
    this.#gate.hold()
    this.#unsettled.set(found.delivery.handle, found)
    found.timer = this.#parts.clock.timer(settlement.delayMs, () => {
      this.#unsettled.delete(found.delivery.handle)
      this.#gate.again(found)
      this.#pump()
    })
  }

  #gone(text: string): void {
    this.#parts.onGone()
    this.#over(new Error(text))
  }

  #over(error: unknown): void {
    if (this.#ended) return
    this.#end()
    this.#parts.channel.close().catch(() => {})
    const { event, group, onEnd } = this.#parts.request
    this.#failure = new Error(`Consuming ${event}/${group}: ${messageOf(error)}`)
    if (this.#started) onEnd(this.#failure)
  }

  #end(): void {
    this.#ended = true
    for (const { timer } of this.#unsettled.values()) timer?.cancel()
    this.#unsettled.clear()
  }
}
