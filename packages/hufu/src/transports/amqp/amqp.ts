import { sleep } from '@hufu/os'
import { HufuError } from '../../errors.ts'
import type {
  Delivery,
  Outgoing,
  PublishOutcome,
  SubscribeRequest,
  Transport,
  TransportSubscription,
} from '../../ports/transport.ts'
import { Link } from './link.ts'
import { type AmqpOptions, type Settings, settingsOf } from './options.ts'
import { OrderedSubscription } from './ordered.ts'
import { Publisher } from './publisher.ts'
import { Subscription } from './subscription.ts'
import { Topology } from './topology.ts'
import { Turns } from './turn.ts'

/** Between attempts to connect while `open` waits, ms. */
const OPEN_AGAIN_MS = 250

/** `ACCESS_REFUSED` and `NOT_ALLOWED`: to try again helps nobody. */
const REFUSED = /\b(403|530|ACCESS[_-]REFUSED|NOT[_-]ALLOWED)\b/

/**
 * Messages on a server that speaks AMQP 0-9-1: `hufu serve` or a RabbitMQ from 3.10, which it finds
 * out itself. Needs the package `amqplib`. Several `createHufu` may share one transport object; its
 * connections close with the last of them.
 * @param options the server's address, or all of the options
 */
export function amqp(options: string | AmqpOptions): Transport {
  return new AmqpTransport(settingsOf(options))
}

/** What there is while it is open. */
interface Opened {
  readonly publishing: Link
  readonly consuming: Link
  readonly topology: Topology
  readonly publisher: Publisher
  readonly turns: Turns
  readonly subscriptions: Set<TransportSubscription>
}

class AmqpTransport implements Transport {
  readonly name = 'amqp'
  readonly flags = { delay: true, keyOrder: true, attempts: false, prepared: false }
  readonly #settings: Settings
  #users = 0
  #opening: Promise<Opened> | undefined
  #opened: Opened | undefined
  #handles = 0

  constructor(settings: Settings) {
    this.#settings = settings
  }

  async open(): Promise<void> {
    this.#users++
    this.#opening ??= this.#start()
    try {
      this.#opened = await this.#opening
    } catch (error) {
      this.#users--
      this.#opening = undefined
      throw error
    }
  }

  async declare(event: string, groups: readonly string[]): Promise<void> {
    await this.#demand(`declare ${event}`).topology.declare(event, groups)
  }

  async publish(batch: readonly Outgoing[]): Promise<PublishOutcome[]> {
    return this.#demand('publish').publisher.publish(batch)
  }

  async subscribe(request: SubscribeRequest): Promise<TransportSubscription> {
    const opened = this.#demand(`consume ${request.event}/${request.group}`)
    let kept: TransportSubscription | undefined
    const onEnd = (cause: Error) => {
      if (kept) opened.subscriptions.delete(kept)
      request.onEnd(cause)
    }
    kept = keep(opened, await this.#begin(opened, { ...request, onEnd }))
    return kept
  }

  async close(): Promise<void> {
    if (this.#users === 0 || --this.#users > 0) return
    const opened = this.#opened
    this.#opened = undefined
    this.#opening = undefined
    if (!opened) return
    await Promise.all([...opened.subscriptions].map((subscription) => subscription.close()))
    await opened.publisher.idle()
    await Promise.all([opened.publishing.close(), opened.consuming.close()])
  }

  async #start(): Promise<Opened> {
    // Two connections: a server that holds back publishers must not hold back acknowledgements.
    const publishing = new Link(this.#settings, 'hufu publishing')
    const consuming = new Link(this.#settings, 'hufu consuming')
    try {
      await this.#connect(publishing)
      await consuming.get()
    } catch (error) {
      await Promise.all([publishing.close(), consuming.close()])
      throw error
    }
    const topology = new Topology(publishing, this.#settings)
    const publisher = new Publisher(publishing, topology, this.#settings)
    const turns = new Turns(consuming, this.#settings)
    return { publishing, consuming, topology, publisher, turns, subscriptions: new Set() }
  }

  /** A server that starts at the same time is waited for. */
  async #connect(link: Link): Promise<void> {
    const { os, openTimeoutMs } = this.#settings
    const until = os.clock.mono() + openTimeoutMs
    for (;;) {
      try {
        await link.get()
        return
      } catch (error) {
        if (os.clock.mono() >= until || REFUSED.test(String(error))) throw error
      }
      await sleep(os.clock, OPEN_AGAIN_MS)
    }
  }

  async #begin(opened: Opened, request: SubscribeRequest): Promise<TransportSubscription> {
    const { event, group, keyOrder } = request
    const make = (each: SubscribeRequest) => this.#subscription(opened, each)
    if (!keyOrder) {
      const subscription = await make(request)
      await subscription.start()
      return subscription
    }
    const subscription = new OrderedSubscription(this.#settings.os.clock, request, make)
    // Fails here, and not later, when there is no connection.
    await opened.consuming.get()
    subscription.start(opened.turns, opened.topology.names.turn(event, group))
    return subscription
  }

  /** Not started yet. Its queue is made where it is one of ours and gone. */
  async #subscription(opened: Opened, request: SubscribeRequest): Promise<Subscription> {
    const { topology, consuming, publisher } = opened
    const queue = topology.names.queue(request.event, request.group)
    const lack = (await topology.lacking([queue])).get(queue)
    if (lack?.retriable) throw new Error(`Consuming ${queue}: ${lack.text}`)
    const connected = await consuming.get()
    const channel = await consuming.ask(connected, connected.model.createChannel())
    return new Subscription({
      ...{ request, queue, channel },
      ask: (asked) => consuming.ask(connected, asked, channel),
      clock: this.#settings.os.clock,
      handle: () => ++this.#handles,
      waitAgain: (message, leftMs) => waitAgain(publisher, message, leftMs),
      onGone: () => topology.forget(queue),
    })
  }

  #demand(doing: string): Opened {
    if (this.#opened !== undefined) return this.#opened
    throw new HufuError('CLOSED', `Cannot ${doing}: the AMQP transport is not open`)
  }
}

/** So that it is closed with the transport. */
function keep({ subscriptions }: Opened, inner: TransportSubscription): TransportSubscription {
  const kept: TransportSubscription = {
    settle: (batch) => inner.settle(batch),
    setCredit: (credit) => inner.setCredit(credit),
    close: () => {
      subscriptions.delete(kept)
      return inner.close()
    },
  }
  subscriptions.add(kept)
  return kept
}

async function waitAgain(
  publisher: Publisher,
  { event, group, id, key, headers, body }: Delivery,
  delayMs: number,
): Promise<PublishOutcome> {
  const message = { event, groups: [group], id, headers, body, delayMs }
  const [outcome] = await publisher.publish([key === undefined ? message : { ...message, key }])
  return outcome!
}
