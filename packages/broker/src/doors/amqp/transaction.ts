import type { Batch, Broker, PublishRequest, Settlement, Subscription } from '../../api.ts'
import { BrokerError } from '../../errors.ts'
import { AmqpError } from './amqp-error.ts'
import type { Budget } from './budget.ts'
import type { ChannelHost } from './channel-host.ts'
import type { Source } from './consumer.ts'
import type { Published } from './content-reader.ts'
import { type PublishFlow, type Sender, weightOf } from './publish-flow.ts'
import type { Unacked } from './unacked.ts'

/**
 * Bytes of messages that wait here for the commit, from which their time to live counts; of a
 * larger transaction what comes later is on the disk before, and its time begins when it comes.
 */
const HELD_MAX = 1 << 20

/** Bytes of messages that are to be returned at the commit. */
const UNROUTED_MAX = 16 << 20

/** A mandatory message that went nowhere: told at the commit. */
export type Unrouted = Published

/** A message that waits for the commit. */
interface Held {
  readonly request: PublishRequest
  /** Where it is mandatory: what is returned when nobody wants it any more. */
  readonly mandatory: Published | undefined
  readonly bytes: number
}

/** Publishes and acks of one channel between two words: one batch of the core. */
export class Transaction {
  readonly #broker: Broker
  readonly #flow: PublishFlow
  readonly #waiting: Budget
  readonly #sender: Sender
  readonly #onSettled: (each: Unacked<Source>) => void
  #batch: Batch
  #held: Held[] = []
  #heldBytes = 0
  /** Messages that wait for room on the way to the disk. */
  #coming: Promise<void>[] = []
  #unrouted: Unrouted[] = []
  #unroutedBytes = 0
  #settled: { readonly each: Unacked<Source>; readonly settlement: Settlement }[] = []

  /** `onSettled`: a delivery has been settled by a commit. */
  constructor(host: ChannelHost, onSettled: (each: Unacked<Source>) => void) {
    const { broker, flow } = host.parts
    this.#broker = broker
    this.#flow = flow
    this.#sender = host
    this.#waiting = host.contents
    this.#onSettled = onSettled
    this.#batch = broker.batch()
  }

  publish(request: PublishRequest, published: Published): void {
    const bytes = weightOf(request)
    this.#waiting.take(bytes)
    this.#held.push({ request, mandatory: published.mandatory ? published : undefined, bytes })
    this.#heldBytes += bytes
    if (this.#heldBytes > HELD_MAX) for (const each of this.#held.splice(0)) this.#store(each)
  }

  #store({ request, bytes }: Held): void {
    this.#waiting.give(bytes)
    this.#flow.add(bytes, this.#sender)
    const batch = this.#batch
    const over = () => this.#flow.done(bytes, this.#sender)
    const { promise, resolve } = Promise.withResolvers<void>()
    const store = () => {
      resolve()
      // What it was refused with is told by the commit. It is on its way until it is on the disk.
      batch
        .publish(request)
        .then(() => this.#broker.records.put([]))
        .then(over, over)
    }
    if (this.#flow.admit(bytes, store)) store()
    else this.#coming.push(promise)
  }

  /** A queue may have gone since: a mandatory message without any is returned. */
  #storeHeld(): void {
    const gone: Published[] = []
    for (const held of this.#held.splice(0)) {
      const { request, mandatory, bytes } = held
      const queues = request.queues.filter((name) => this.#broker.queue(name) !== undefined)
      if (queues.length > 0) this.#store({ ...held, request: { ...request, queues } })
      else {
        this.#waiting.give(bytes)
        if (mandatory !== undefined) gone.push(mandatory)
      }
    }
    for (const mandatory of gone) this.unrouted(mandatory)
  }

  unrouted(published: Published): void {
    this.#unroutedBytes += published.body.length + published.stored.length
    if (this.#unroutedBytes > UNROUTED_MAX) {
      throw new AmqpError(506, `messages to return take over ${UNROUTED_MAX} bytes`)
    }
    this.#unrouted.push(published)
  }

  settle(each: Unacked<Source>, settlement: Settlement): void {
    this.#settled.push({ each, settlement })
  }

  /** All of it takes effect at once, on disk; gives what is to be returned to the client. */
  async commit(): Promise<Unrouted[]> {
    this.#storeHeld()
    await Promise.all(this.#coming)
    const bySource = new Map<Subscription, Settlement[]>()
    for (const { each, settlement } of this.#settled) {
      const { subscription } = each.source
      const settlements = bySource.get(subscription)
      if (settlements === undefined) bySource.set(subscription, [settlement])
      else settlements.push(settlement)
    }
    for (const [subscription, settlements] of bySource) {
      this.#batch.settle(subscription, settlements)
    }
    const [batch, unrouted] = [this.#batch, this.#unrouted]
    const settled = this.#settled
    this.#renew()
    try {
      await batch.commit()
    } catch (error) {
      // Its channel is over, and gives them back.
      this.#settled = settled
      throw refusal(error)
    }
    for (const { each } of settled) this.#onSettled(each)
    return unrouted
  }

  /** Nothing of it took effect; gives the deliveries that are unacked again. */
  async rollback(): Promise<Unacked<Source>[]> {
    const back = this.#settled.map(({ each }) => each)
    const batch = this.#batch
    this.#renew()
    await batch.rollback()
    return back
  }

  /** Its channel is over: gives the deliveries that it had taken, for them to go back. */
  abandon(): Unacked<Source>[] {
    const back = this.#settled.map(({ each }) => each)
    this.rollback().catch(() => undefined)
    return back
  }

  #renew(): void {
    for (const { bytes } of this.#held) this.#waiting.give(bytes)
    this.#held = []
    this.#heldBytes = 0
    this.#coming = []
    this.#batch = this.#broker.batch()
    this.#unrouted = []
    this.#unroutedBytes = 0
    this.#settled = []
  }
}

/** A broker that cannot go on is no fault of the client's. */
function refusal(error: unknown): unknown {
  if (!(error instanceof BrokerError) || error.code === 'LOG_FAILED') return error
  return new AmqpError(406, `nothing of the transaction took effect: ${error.message}`)
}
