import type { Os } from '@hufu/os'
import { type SimulatedOs, type SimulatedOsOptions, simulatedOs } from '@hufu/os/simulated'
import type {
  Broker,
  Delivery,
  PublishRequest,
  QueueStats,
  Settlement,
  Subscription,
} from '../api.ts'
import { BrokerError, type BrokerErrorCode } from '../errors.ts'
import type { Limits } from '../limits.ts'
import type { BrokerOptions, SubscribeOptions } from '../options.ts'
import { createBroker } from './open.ts'

const KiB = 1024
/** Segments as small as they can be had, so that a test rolls and frees some. */
const SMALL: Partial<Limits> = { segmentBytesMin: 64 * KiB, segmentBytesMax: 256 * KiB }
const DIR = '/data/broker'

/** A simulated machine with one broker folder on it; time passes only when a test lets it. */
export class World {
  readonly sim: SimulatedOs
  readonly warnings: string[] = []
  readonly fatal: BrokerError[] = []
  #broker: Broker | undefined

  constructor(seed = 1, options: Omit<SimulatedOsOptions, 'seed'> = {}) {
    this.sim = simulatedOs({ seed, ...options })
  }

  /** The broker opened last. */
  get broker(): Broker {
    if (this.#broker === undefined) throw new Error('Cannot use the broker: none is open')
    return this.#broker
  }

  get os(): Os {
    return this.sim.os
  }

  /** Lets time pass until the promise settles. */
  do<T>(promise: Promise<T>): Promise<T> {
    return this.sim.settle(promise)
  }

  /** Lets `ms` pass. */
  pass(ms: number): Promise<void> {
    return this.sim.runFor(ms)
  }

  async open(limits: Partial<Limits> = {}): Promise<Broker> {
    const options: BrokerOptions = {
      dir: DIR,
      os: this.sim.os,
      limits: { ...SMALL, ...limits },
      onWarning: (text) => this.warnings.push(text),
      onFatal: (error) => this.fatal.push(error),
    }
    this.#broker = await this.do(createBroker(options))
    return this.#broker
  }

  async close(): Promise<void> {
    await this.do(this.broker.close())
  }

  /** `kill -9`, then a new process opens the folder. */
  async killAndOpen(limits: Partial<Limits> = {}): Promise<Broker> {
    this.sim.kill()
    return this.open(limits)
  }

  /** Publishes one message and returns its id. */
  publish(queue: string, body: string, more: Partial<PublishRequest> = {}): Promise<number> {
    return this.do(this.broker.publish({ queues: [queue], body: Buffer.from(body), ...more }))
  }

  /** Publishes these in one turn. */
  async publishAll(queue: string, bodies: readonly string[], key?: string): Promise<number[]> {
    const more = key === undefined ? {} : { key }
    const all = bodies.map((body) => {
      return this.broker.publish({ queues: [queue], body: Buffer.from(body), ...more })
    })
    return this.do(Promise.all(all))
  }

  stats(queue: string): QueueStats {
    const found = this.broker.queues().find(({ name }) => name === queue)
    if (found === undefined) throw new Error(`Cannot look at ${queue}: there is no such queue`)
    return found
  }

  /** Subscribes a consumer that keeps what it gets. */
  take(queue: string, options: SubscribeOptions = {}): Taker {
    return new Taker(this, queue, options)
  }
}

/** A consumer that settles only what a test tells it to. */
export class Taker {
  readonly seen: Delivery[] = []
  readonly subscription: Subscription
  /** Called with each delivery, within `onDeliveries`. */
  onDelivery: (delivery: Delivery) => void = () => undefined
  readonly #world: World

  constructor(world: World, queue: string, options: SubscribeOptions) {
    this.#world = world
    this.subscription = world.broker.subscribe(queue, options, (batch) => {
      for (const delivery of batch) {
        this.seen.push(delivery)
        this.onDelivery(delivery)
      }
    })
  }

  get bodies(): string[] {
    return this.seen.map(bodyOf)
  }

  get last(): Delivery {
    const last = this.seen.at(-1)
    if (last === undefined) throw new Error('Cannot look at the last delivery: there was none')
    return last
  }

  settle(...batch: Settlement[]): Promise<void> {
    return this.#world.do(this.subscription.settle(batch))
  }

  /** Settles these as done. */
  done(...deliveries: Delivery[]): Promise<void> {
    return this.settle(...deliveries.map(({ id }) => ({ id, outcome: 'done' }) as const))
  }

  /** Settles each delivery as done at once, from now on. */
  settleAll(): this {
    this.onDelivery = ({ id }) => void this.subscription.settle([{ id, outcome: 'done' }])
    return this
  }

  close(): Promise<void> {
    return this.#world.do(this.subscription.close())
  }
}

export function bodyOf(delivery: Delivery): string {
  return Buffer.from(delivery.body).toString()
}

/** Matches a refusal: its code and what its text says. */
export function refusal(code: BrokerErrorCode, text: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof BrokerError && error.code === code && text.test(error.message)
}

export function numbers(count: number, from = 1): string[] {
  return Array.from({ length: count }, (_, i) => String(from + i))
}
