import type { MethodOf } from '@hufu/wire/amqp091'
import { shortstr, writeDeliver, writeGetOk } from '@hufu/wire/amqp091'
import type { Delivery, Settlement } from '../../api.ts'
import { owned } from '../../engine/publish.ts'
import { AmqpError } from './amqp-error.ts'
import type { AmqpQueue } from './amqp-queue.ts'
import type { ChannelHost } from './channel-host.ts'
import { priorityIn } from './consume-arguments.ts'
import { AmqpConsumer, type ConsumerHost, type Source } from './consumer.ts'
import { withDeliveryCount } from './delivery-count.ts'
import { envelopeOf } from './message-form.ts'
import { demandReplies, ReplyConsumer } from './reply-consumer.ts'
import { type Unacked, UnackedList } from './unacked.ts'

/** Without a prefetch limit; the most that the core takes. */
const CREDIT_MAX = 65_535

/** Unacked deliveries of a channel, limited by itself or not; more stay in their queues. */
const UNACKED_MAX = 250_000

/** Work on what a closed channel leaves behind, before others get their turn, ms. */
const SHARE_MS = 8

/** Deliveries without ack that may be on their way to the socket. */
const NO_ACK_CREDIT = 1_000

/** What a client says of a delivery, as the core knows it. */
type Outcome = 'done' | 'requeue' | 'reject'

/** The consumers of one channel, its gets, and what has not been acked. */
export class Consuming implements ConsumerHost {
  /** For consumers that come; 0: no limit. */
  prefetch = 0
  /** What the core has handed over beyond the limit of the channel. */
  readonly #beyond: { readonly consumer: AmqpConsumer; readonly delivery: Delivery }[] = []
  /** Unacked deliveries of all consumers together; 0: no limit. */
  #channelPrefetch = 0
  /** Unacked deliveries of consumers. */
  #consumed = 0
  #ended = false
  /** As many are unacked as may be. */
  #crowded = false
  /** Something was given back since the last get. */
  #hasReturned = false
  readonly #host: ChannelHost
  readonly #channel: number
  readonly #consumers = new Map<string, AmqpConsumer>()
  readonly #gets = new Map<AmqpQueue, Source>()
  readonly #unacked = new UnackedList<Source>()
  /** With something to be given to the core. */
  readonly #toSettle = new Set<Source>()
  #replies: ReplyConsumer | undefined
  #names = 0

  constructor(host: ChannelHost, channel: number) {
    this.#host = host
    this.#channel = channel
  }

  /** For the whole channel; 0: no limit. */
  set channelPrefetch(count: number) {
    this.#channelPrefetch = count
    this.#sendBeyond()
    this.#grantAll()
  }

  /** Where direct replies to this channel go; undefined while it has no consumer for them. */
  get replyAddress(): string | undefined {
    return this.#replies?.address
  }

  /** Begins the consumer of direct replies; returns its tag. */
  consumeReplies(method: MethodOf<'basic.consume'>): string {
    demandReplies(this.#replies, method.noAck)
    const tag = this.#freeTag(method.consumerTag)
    const next = () => this.#unacked.next
    this.#replies = new ReplyConsumer(this.#host, this.#channel, tag, next)
    return tag
  }

  /** Begins a consumer; returns its tag. */
  consume(method: MethodOf<'basic.consume'>, queue: AmqpQueue): string {
    const tag = this.#freeTag(method.consumerTag)
    const where = `queue '${queue.name}' in vhost '${this.#host.vhost.name}'`
    const priority = priorityIn(method.arguments, where)
    if (queue.exclusiveConsumer || (method.exclusive && queue.consumers.size > 0)) {
      throw new AmqpError(403, `${where} in exclusive use`)
    }
    const { noAck } = method
    const credit = noAck ? NO_ACK_CREDIT : this.prefetch || CREDIT_MAX
    const consumer = new AmqpConsumer(this, { tag, tagBytes: shortstr(tag), queue, noAck, credit })
    consumer.granted = this.#host.congested ? 0 : this.#grantOf(consumer)
    const { broker } = this.#host.parts
    const options = { credit: consumer.granted, exclusive: method.exclusive, views: true, priority }
    const onDeliveries = (batch: Delivery[]) => this.deliver(consumer, batch)
    consumer.subscription = broker.subscribe(queue.coreName, options, onDeliveries)
    this.#consumers.set(tag, consumer)
    queue.consumers.add(consumer)
    queue.cancelExpiry()
    queue.consumed = true
    queue.exclusiveConsumer = method.exclusive
    return tag
  }

  /** No more deliveries; what is unacked can still be acked. */
  cancel(tag: string): void {
    const consumer = this.#consumers.get(tag)
    if (consumer !== undefined) this.#leave(consumer)
    else if (this.#replies?.tag === tag) this.#leaveReplies()
  }

  cancelled(consumer: AmqpConsumer): void {
    this.#leave(consumer)
    if (!this.#host.capabilities.has('consumer_cancel_notify')) return
    const method = { consumerTag: consumer.tag, noWait: true }
    this.#host.out.method(this.#channel, { name: 'basic.cancel', ...method })
    this.#host.changed()
  }

  deliver(consumer: AmqpConsumer, batch: readonly Delivery[]): void {
    for (const delivery of batch) {
      if (this.#hasRoom) this.#send(consumer, delivery)
      else this.#beyond.push({ consumer, delivery: owned(delivery) })
    }
    if (this.#channelPrefetch > 0) this.#hadItsTurn(consumer)
    if (this.#consumed >= UNACKED_MAX && !this.#crowded) this.#crowd(true)
    this.#host.changed()
  }

  #crowd(crowded: boolean): void {
    this.#crowded = crowded
    this.#grantAll()
  }

  /** The next room is for the others first. */
  #hadItsTurn(consumer: AmqpConsumer): void {
    if (this.#consumers.delete(consumer.tag)) this.#consumers.set(consumer.tag, consumer)
    this.#grantAll()
  }

  /** What the core may hand over: not what the channel has no room for, which others may get. */
  #grantAll(): void {
    if (this.#host.congested) return
    for (const consumer of this.#consumers.values()) {
      const granted = this.#grantOf(consumer)
      if (granted === consumer.granted) continue
      consumer.granted = granted
      consumer.subscription.setCredit(granted)
    }
  }

  /** Without acks nothing counts, but nothing comes either while the channel is full. */
  #grantOf({ noAck, credit, unacked }: AmqpConsumer): number {
    if (this.#crowded && !noAck) return 0
    if (this.#channelPrefetch === 0) return credit
    const room = Math.max(0, this.#channelPrefetch - this.#consumed)
    if (noAck) return room > 0 ? credit : 0
    return Math.min(credit, unacked + room)
  }

  get #hasRoom(): boolean {
    return this.#channelPrefetch === 0 || this.#consumed < this.#channelPrefetch
  }

  #sendBeyond(): void {
    while (this.#beyond.length > 0 && this.#hasRoom) {
      const { consumer, delivery } = this.#beyond.shift()!
      this.#send(consumer, delivery)
      this.#host.changed()
    }
  }

  #send(consumer: AmqpConsumer, delivery: Delivery): void {
    const { id, redelivered, body } = delivery
    const { queue, noAck, tagBytes } = consumer
    const { bytes, at } = envelopeOf(withDeliveryCount(delivery, queue), queue.name)
    const tag = noAck ? this.#settleNow(consumer, id) : this.#addUnacked(consumer, id)
    writeDeliver(this.#host.out, this.#channel, tagBytes, tag, redelivered, bytes, at, body)
  }

  /** `basic.get`. */
  async get(queue: AmqpQueue, noAck: boolean): Promise<void> {
    this.#host.vhost.used(queue)
    if (this.#hasReturned) await this.#returned()
    if (this.#ended) return
    const source = this.#getsOf(queue)
    const delivery = (await source.subscription.pull()) ?? (await this.#pullLater(source))
    // What it took has gone back with all else.
    if (this.#ended) return
    const { out } = this.#host
    if (delivery === undefined) {
      out.method(this.#channel, { name: 'basic.get-empty' })
      return this.#host.changed()
    }
    const { id, redelivered, body } = delivery
    const { bytes, at } = envelopeOf(withDeliveryCount(delivery, queue, true), queue.name)
    const tag = noAck ? this.#settleNow(source, id) : this.#addUnacked(source, id)
    const { ready } = this.#host.vhost.countOf(queue)
    writeGetOk(out, this.#channel, tag, redelivered, ready, bytes, at, body)
    this.#host.changed()
  }

  /** What the client has given back is there again. */
  async #returned(): Promise<void> {
    this.#hasReturned = false
    this.flush()
    await this.#host.parts.broker.records.put([])
  }

  /** What is on its way to the disk, such as a dead letter, may be for this queue. */
  async #pullLater({ subscription }: Source): Promise<Delivery | undefined> {
    await this.#host.parts.broker.records.put([])
    return subscription.pull()
  }

  /** Takes what a client names; throws 406 when there is no such delivery. */
  take(deliveryTag: number, multiple: boolean): Unacked<Source>[] {
    const taken = this.#unacked.take(deliveryTag, multiple)
    if (taken === undefined) throw new AmqpError(406, `unknown delivery tag ${deliveryTag}`)
    return taken
  }

  settle(taken: readonly Unacked<Source>[], outcome: Outcome): void {
    if (outcome === 'requeue') this.#hasReturned = true
    for (const each of taken) {
      each.outcome = outcome
      this.#settleOne(each.source, each)
    }
  }

  /** They were taken, and are to be acked again. */
  putBack(taken: readonly Unacked<Source>[]): void {
    this.#unacked.putBack(taken)
  }

  /** It was settled by a transaction. */
  settledElsewhere({ source }: Unacked<Source>): void {
    this.#oneLess(source)
  }

  /** All that is unacked goes back to its queue. */
  recover(): void {
    this.settle(this.#unacked.takeAll(), 'requeue')
  }

  /** Gives the core what was said since. */
  flush(): void {
    // First, so that the others are seen to before those who make room.
    if (this.#channelPrefetch > 0) this.#grantAll()
    for (const source of this.#toSettle) {
      const settlements = source.settlements
      source.settlements = []
      source.subscription.settle(settlements).catch((error) => this.#host.lost(error))
    }
    this.#toSettle.clear()
  }

  pause(): void {
    for (const consumer of this.#consumers.values()) {
      consumer.granted = 0
      consumer.subscription.setCredit(0)
    }
  }

  resume(): void {
    this.#grantAll()
  }

  /** The channel is over: what is unacked goes back. */
  end(): void {
    this.#ended = true
    this.flush()
    this.#leaveReplies()
    const sources = new Set<Source>([...this.#consumers.values(), ...this.#gets.values()])
    for (const { source } of this.#unacked.takeAll()) sources.add(source)
    for (const consumer of [...this.#consumers.values()]) this.#leave(consumer)
    this.#closeAll([...sources])
  }

  /** In as many turns as it takes: there may be much to be put back. */
  #closeAll(sources: Source[]): void {
    const { clock } = this.#host.parts.os
    const until = clock.mono() + SHARE_MS
    for (let source = sources.pop(); source !== undefined; source = sources.pop()) {
      this.#close(source)
      if (clock.mono() >= until) return clock.turn(() => this.#closeAll(sources))
    }
  }

  #leaveReplies(): void {
    this.#replies?.close()
    this.#replies = undefined
  }

  #leave(consumer: AmqpConsumer): void {
    this.#consumers.delete(consumer.tag)
    this.#giveBackBeyond(consumer)
    consumer.ended = true
    consumer.subscription.leave()
    if (consumer.unacked === 0) this.#close(consumer)
    const { queue } = consumer
    queue.exclusiveConsumer = false
    queue.consumers.delete(consumer)
    this.#host.vhost.consumerLeft(queue)
  }

  /** What its client has not been sent goes back. */
  #giveBackBeyond(consumer: AmqpConsumer): void {
    const all = this.#beyond.splice(0)
    for (const each of all) {
      if (each.consumer !== consumer) this.#beyond.push(each)
      else this.#say(consumer, { id: each.delivery.id, outcome: 'requeue', unseen: true })
    }
  }

  #close(source: Source): void {
    if (source.settlements.length > 0) this.flush()
    source.subscription.close().catch((error) => this.#host.lost(error))
  }

  #getsOf(queue: AmqpQueue): Source {
    const known = this.#gets.get(queue)
    if (known !== undefined) return known
    const { broker } = this.#host.parts
    const subscription = broker.subscribe(queue.coreName, { pullOnly: true }, () => undefined)
    const source: Source = { queue, subscription, settlements: [], unacked: 0, ended: false }
    this.#gets.set(queue, source)
    return source
  }

  #addUnacked(source: Source, id: number): number {
    source.unacked++
    if (source instanceof AmqpConsumer) this.#consumed++
    return this.#unacked.add(source, id)
  }

  #settleNow(source: Source, id: number): number {
    this.#say(source, { id, outcome: 'done' })
    return this.#unacked.pass()
  }

  #settleOne(source: Source, settlement: Settlement): void {
    this.#say(source, settlement)
    this.#oneLess(source)
  }

  #say(source: Source, settlement: Settlement): void {
    source.settlements.push(settlement)
    this.#toSettle.add(source)
    this.#host.changed()
  }

  #oneLess(source: Source): void {
    source.unacked--
    if (source instanceof AmqpConsumer) {
      this.#consumed--
      this.#sendBeyond()
      if (this.#crowded && this.#consumed < UNACKED_MAX / 2) this.#crowd(false)
    }
    if (source.ended && source.unacked === 0) this.#close(source)
  }

  /** The tag that a client wants, or a new one. */
  #freeTag(wanted: string): string {
    if (this.#consumers.has(wanted) || this.#replies?.tag === wanted) {
      throw new AmqpError(530, `attempt to reuse consumer tag '${wanted}'`)
    }
    return wanted || `amq.ctag-${this.#host.number}.${this.#channel}.${++this.#names}`
  }
}
