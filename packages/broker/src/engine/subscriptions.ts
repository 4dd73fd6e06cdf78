import type { Delivery, Subscription } from '../api.ts'
import { BrokerError } from '../errors.ts'
import type { SubscribeOptions } from '../options.ts'
import { answerPulls, type Consumer } from './consumer.ts'
import type { Deliverer } from './deliver.ts'
import { demandOpen, demandQueue, type Engine } from './engine.ts'
import type { EngineQueue } from './engine-queue.ts'
import type { Settler } from './settle.ts'

const CREDIT_MAX = 65_535
const CREDIT_DEFAULT = 100

/** Who consumes from which queue. */
export class Subscriptions {
  readonly #engine: Engine
  readonly #settler: Settler
  readonly #deliverer: Deliverer
  readonly #consumers = new WeakMap<Subscription, Consumer>()
  #count = 0

  constructor(engine: Engine, settler: Settler, deliverer: Deliverer) {
    this.#engine = engine
    this.#settler = settler
    this.#deliverer = deliverer
  }

  subscribe(
    name: string,
    options: SubscribeOptions,
    onDeliveries: (batch: Delivery[]) => void,
  ): Subscription {
    const doing = `Cannot subscribe to ${name}`
    demandOpen(this.#engine, doing)
    const queue = demandQueue(this.#engine, name, doing)
    const keyOrder = options.keyOrder ?? false
    if (keyOrder && queue.options.maxPriority > 0) {
      throw new BrokerError('ARGUMENT', `${doing}: it has priorities, hence no order by key`)
    }
    const others = this.#deliverer.consumers.get(queue) ?? []
    if (others.some((other) => other.keyOrder !== keyOrder)) {
      const text = `its consumers have keyOrder ${!keyOrder}, all must have the same`
      throw new BrokerError('ARGUMENT', `${doing}: ${text}`)
    }
    const consumer: Consumer = {
      number: ++this.#count,
      queue,
      keyOrder,
      credit: checkedCredit(options.credit ?? CREDIT_DEFAULT, doing),
      unsettled: new Set(),
      pulls: [],
      batch: [],
      onDeliveries,
      closed: false,
    }
    this.#attach(consumer)
    return this.#subscription(consumer, doing)
  }

  consumerOf(subscription: Subscription): Consumer | undefined {
    return this.#consumers.get(subscription)
  }

  /** The queue goes: its consumers get no more. */
  queueGoes(queue: EngineQueue): void {
    for (const consumer of [...(this.#deliverer.consumers.get(queue) ?? [])]) this.#detach(consumer)
  }

  /** No more deliveries; returns a function that gives back what is unsettled. */
  stop(): () => Promise<unknown> {
    const consumers = [...this.#deliverer.consumers.values()].flat()
    for (const consumer of consumers) this.#detach(consumer)
    return () => Promise.all(consumers.map((consumer) => this.#settler.release(consumer)))
  }

  #subscription(consumer: Consumer, doing: string): Subscription {
    const { queue } = consumer
    const subscription: Subscription = {
      settle: async (batch) => {
        demandOpen(this.#engine, `Cannot settle in ${queue.name}`)
        const settled = this.#settler.settle(consumer, batch)
        this.#deliverer.schedule(queue)
        await settled
      },
      pull: () => this.#pull(consumer),
      setCredit: (credit) => {
        consumer.credit = checkedCredit(credit, doing)
        this.#deliverer.schedule(queue)
      },
      close: async () => {
        if (consumer.closed) return
        this.#detach(consumer)
        await this.#settler.release(consumer)
      },
    }
    this.#consumers.set(subscription, consumer)
    return subscription
  }

  async #pull(consumer: Consumer): Promise<Delivery | undefined> {
    const { queue } = consumer
    const doing = `Cannot pull from ${queue.name}`
    demandOpen(this.#engine, doing)
    if (consumer.closed) {
      throw new BrokerError('SUBSCRIPTION_CLOSED', `${doing}: the subscription is closed`)
    }
    const delivery = await new Promise<Delivery | undefined>((resolve) => {
      consumer.pulls.push(resolve)
      this.#deliverer.schedule(queue)
    })
    if (this.#engine.log.failure !== undefined) throw this.#engine.log.failure
    return delivery
  }

  #attach(consumer: Consumer): void {
    const { queue } = consumer
    const consumers = this.#deliverer.consumers.get(queue) ?? []
    consumers.push(consumer)
    this.#deliverer.consumers.set(queue, consumers)
    queue.consumers = consumers.length
    queue.setOrdered(consumer.keyOrder)
    this.#deliverer.schedule(queue)
  }

  #detach(consumer: Consumer): void {
    const { queue } = consumer
    consumer.closed = true
    const consumers = this.#deliverer.consumers.get(queue) ?? []
    consumers.splice(consumers.indexOf(consumer), 1)
    queue.consumers = consumers.length
    if (consumers.length === 0) this.#deliverer.consumers.delete(queue)
    answerPulls(consumer)
  }
}

function checkedCredit(credit: number, doing: string): number {
  if (Number.isInteger(credit) && credit >= 0 && credit <= CREDIT_MAX) return credit
  throw new BrokerError('LIMIT', `${doing}: credit is ${credit}, 0 to ${CREDIT_MAX} are possible`)
}
