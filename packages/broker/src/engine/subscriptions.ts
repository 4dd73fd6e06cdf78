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
    if (keyOrder && queue.weighsBodies) {
      throw new BrokerError('ARGUMENT', `${doing}: it weighs bodies, hence no order by key`)
    }
    const { pullOnly = false, exclusive = false } = options
    if (!pullOnly) this.#demandFree(queue, exclusive, doing)
    const others = this.#deliverer.consumers.get(queue) ?? []
    if (others.some((other) => other.keyOrder !== keyOrder)) {
      const text = `its consumers have keyOrder ${!keyOrder}, all must have the same`
      throw new BrokerError('ARGUMENT', `${doing}: ${text}`)
    }
    const consumer: Consumer = {
      number: ++this.#count,
      queue,
      keyOrder,
      priority: checkedPriority(options.priority ?? 0, doing),
      exclusive,
      views: options.views ?? false,
      wants: !pullOnly,
      active: !pullOnly && !queue.options.singleActive,
      onActive: options.onActive ?? (() => undefined),
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
      leave: () => this.#leave(consumer),
      close: async () => {
        if (consumer.closed) return
        this.#detach(consumer)
        const released = this.#settler.release(consumer)
        this.#deliverer.schedule(queue)
        await released
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
    // Behind those of its priority.
    const behind = consumers.findIndex(({ priority }) => priority < consumer.priority)
    consumers.splice(behind < 0 ? consumers.length : behind, 0, consumer)
    this.#deliverer.consumers.set(queue, consumers)
    queue.consumers = consumers.length
    queue.setOrdered(consumer.keyOrder)
    this.#activate(queue)
    this.#deliverer.schedule(queue)
  }

  /** Nothing is pushed to it any more; what it has it may still settle. */
  #leave(consumer: Consumer): void {
    consumer.wants = false
    consumer.active = false
    this.#activate(consumer.queue)
    this.#deliverer.schedule(consumer.queue)
  }

  /** Sees to it that a queue with a single active consumer has one, if any wants. */
  #activate(queue: EngineQueue): void {
    if (!queue.options.singleActive || this.#engine.closed) return
    const consumers = this.#deliverer.consumers.get(queue) ?? []
    const next = consumers.find(({ wants }) => wants)
    if (next === undefined || consumers.some(({ active }) => active)) return
    next.active = true
    this.#engine.os.clock.turn(() => {
      if (next.active) this.#tell(next)
    })
  }

  /** What the user's callback throws must not fail the broker. */
  #tell({ onActive, queue }: Consumer): void {
    try {
      onActive()
    } catch (error) {
      this.#engine.warn(`A consumer of ${queue.name} threw: ${String(error)}`)
    }
  }

  /** Throws where a consumer has the queue for itself, or this one wants to and cannot. */
  #demandFree(queue: EngineQueue, exclusive: boolean, doing: string): void {
    const others = (this.#deliverer.consumers.get(queue) ?? []).filter(({ wants }) => wants)
    if (others.some((other) => other.exclusive)) {
      throw new BrokerError('QUEUE_IN_USE', `${doing}: a consumer has it for itself`)
    }
    if (!exclusive || others.length === 0) return
    throw new BrokerError('QUEUE_IN_USE', `${doing}: it has ${others.length} other consumers`)
  }

  #detach(consumer: Consumer): void {
    const { queue } = consumer
    consumer.closed = true
    consumer.wants = false
    consumer.active = false
    const consumers = this.#deliverer.consumers.get(queue) ?? []
    consumers.splice(consumers.indexOf(consumer), 1)
    queue.consumers = consumers.length
    if (consumers.length === 0) this.#deliverer.consumers.delete(queue)
    answerPulls(consumer)
    this.#activate(queue)
  }
}

function checkedPriority(priority: number, doing: string): number {
  if (Number.isFinite(priority)) return priority
  throw new BrokerError('ARGUMENT', `${doing}: priority is ${priority}`)
}

function checkedCredit(credit: number, doing: string): number {
  if (Number.isInteger(credit) && credit >= 0 && credit <= CREDIT_MAX) return credit
  throw new BrokerError('LIMIT', `${doing}: credit is ${credit}, 0 to ${CREDIT_MAX} are possible`)
}
