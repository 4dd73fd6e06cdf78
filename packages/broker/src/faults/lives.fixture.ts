import assert from 'node:assert/strict'
import { type SeededRandom, type SimulatedOs, simulatedOs } from '@hufu/os/simulated'
import type { Broker, Delivery, Peeked, Settlement, Subscription } from '../api.ts'
import { createBroker } from '../engine/open.ts'
import type { Limits } from '../limits.ts'
import { Model } from './model.fixture.ts'

const KiB = 1024
/** So small that segments are rolled, freed and recycled within a few dozen messages. */
function tiny(random: SeededRandom): Partial<Limits> {
  return {
    segmentBytesMin: 4 * KiB,
    segmentBytesMax: (4 << random.below(3)) * KiB,
    cacheBytes: 1,
    checkpointBytes: (1 + random.below(8)) * KiB,
  }
}
const DIR = '/data/broker'

export const QUEUES = ['ordered', 'parking', 'patient', 'dead'] as const

/** One broker folder through many lives, with a model that knows what was promised. */
export class Lives {
  readonly sim: SimulatedOs
  readonly random: SeededRandom
  readonly model = new Model()
  readonly warnings: string[] = []
  readonly limits: Partial<Limits>
  broker!: Broker
  lives = 0
  #subscriptions: Subscription[] = []
  /** Number of the life whose process runs; 0 = none. */
  #alive = 0

  constructor(seed: number, onTrace?: (line: string) => void) {
    this.sim = simulatedOs({ seed, ...(onTrace && { onTrace }) })
    this.random = this.sim.random
    this.limits = tiny(this.random)
  }

  /** Starts the process; with `killAfterMs` it may be killed while it recovers. */
  async open(killAfterMs = 0): Promise<void> {
    this.lives++
    this.#alive = this.lives
    const opening = createBroker({
      dir: DIR,
      os: this.sim.os,
      limits: this.limits,
      onWarning: (text) => this.warnings.push(text),
      onFatal: this.#whileAlive((error) => {
        throw error
      }),
    })
    if (killAfterMs > 0) {
      opening.catch(() => undefined)
      await this.sim.runFor(killAfterMs)
      this.die()
      return this.open()
    }
    this.broker = await this.sim.settle(opening)
    await this.#declare()
  }

  /** Power cut or kill, as it falls. */
  die(): void {
    this.#alive = 0
    const kind = this.random.below(4)
    if (kind === 0) this.sim.kill()
    else this.sim.crash({ keep: (['some', 'none', 'all'] as const)[kind - 1]! })
  }

  /** Publishes one message to some queues; the model hears of the confirm. */
  publish(): void {
    const queues = QUEUES.filter((name) => name !== 'dead' && this.random.chance(0.5))
    if (queues.length === 0) queues.push('patient')
    const delayMs = this.random.chance(0.2) ? this.random.below(60) : 0
    const key = this.random.chance(0.3) ? `k${this.random.below(3)}` : ''
    const dueAt = this.broker.stats().time + delayMs
    const sent = this.model.send(queues, this.random.below(900), dueAt, this.lives)
    const request = { queues, body: Buffer.from(sent.body), delayMs, ...(key && { key }) }
    this.broker.publish(request).then(
      (id) => this.model.confirm(sent, id),
      // Refused: the disk is full, or it waited for room while the broker was closed.
      this.#whileAlive((error) => assert.match(error.code, /^(CLOSED|LOG_FULL)$/)),
    )
  }

  subscribe(): void {
    for (const queue of QUEUES) {
      if (this.random.chance(0.3)) continue
      const credit = 1 + this.random.below(20)
      const options = { credit, keyOrder: queue === 'ordered' }
      const subscription = this.broker.subscribe(queue, options, (batch) => {
        this.#consume(subscription, batch)
      })
      this.#subscriptions.push(subscription)
    }
  }

  unsubscribe(): void {
    const refused = this.#whileAlive(onlyFull)
    for (const subscription of this.#subscriptions) subscription.close().catch(refused)
    this.#subscriptions = []
  }

  async close(): Promise<void> {
    this.#subscriptions = []
    await this.sim.settle(this.broker.close().catch(onlyFull))
    this.#alive = 0
    this.sim.kill()
  }

  /** Compares all that the broker has with what it promised. */
  async check(): Promise<void> {
    const found: Peeked[] = []
    for (const queue of QUEUES) {
      found.push(...(await this.sim.settle(this.broker.peek(queue, { limit: 1_000 }))))
    }
    this.model.check(found, this.lives)
    assert.deepEqual(this.broker.report.damaged, [])
    const warnings = this.warnings.filter((text) => !text.includes('no room on the disk'))
    assert.deepEqual(warnings, [])
  }

  /** A process that was killed may run on to its next wait; what it says then is not heard. */
  #whileAlive(check: (error: Refusal) => void): (error: Refusal) => void {
    const life = this.lives
    return (error) => {
      if (this.#alive === life) check(error)
    }
  }

  async #declare(): Promise<void> {
    const quick = { retryFirstMs: 5, retryCapMs: 20 }
    const declare = (name: string, more: object) => {
      return this.sim.settle(this.broker.declareQueue(name, { ...quick, ...more }))
    }
    await declare('dead', { maxAttempts: 0 })
    await declare('ordered', { maxAttempts: 2, deadLetter: 'dead' })
    await declare('parking', { maxAttempts: 3 })
    await declare('patient', { maxAttempts: 0 })
  }

  #consume(subscription: Subscription, batch: readonly Delivery[]): void {
    const now = this.broker.stats().time
    for (const delivery of batch) {
      const copy = this.model.deliver(delivery, now)
      const settlement = this.#settlement(delivery)
      if (settlement === undefined) continue
      this.model.ask(copy, settlement)
      const settled = () => this.model.settled(copy, settlement)
      subscription.settle([settlement]).then(settled, this.#whileAlive(onlyFull))
    }
  }

  /** What the consumer says; undefined = it keeps the message. */
  #settlement({ id, queue }: Delivery): Settlement | undefined {
    const choice = this.random.next()
    if (choice < 0.55) return { id, outcome: 'done' }
    if (choice < 0.65 || queue === 'dead') return undefined
    if (choice < 0.85) return { id, outcome: 'retry', cause: 'chance' }
    if (choice < 0.93) return { id, outcome: 'later', delayMs: this.random.below(30) }
    return { id, outcome: 'reject', cause: 'bad luck' }
  }
}

type Refusal = Error & { code: string }

/** A close on a full disk cannot write what waits. */
function onlyFull({ code }: Refusal): void {
  assert.equal(code, 'LOG_FULL')
}
