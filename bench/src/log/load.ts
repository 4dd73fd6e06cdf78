import type { Broker, Publisher, PublisherMessage } from '@hufu/broker'

/** Keeps so many operations in flight for some time; how many were done, and in how long. */
export interface Load {
  readonly bytes: number
  readonly inFlight: number
  readonly seconds: number
}

export interface Done {
  readonly count: number
  readonly seconds: number
}

const QUEUE = 'q'

/** So much is published to one queue before the next one takes its place, bytes of bodies. */
const QUEUE_BYTES = 64 << 20

/** Messages through the batch API: numbered, confirmed per write group. Nobody consumes. */
export function publishNumbered(broker: Broker, load: Load): Promise<Done> {
  return new Pump(broker, load).run()
}

/**
 * The same, each queue being deleted when it holds `QUEUE_BYTES`: the log runs on files that it
 * has had before, as it does where consumers keep up.
 */
export function publishRecycling(broker: Broker, load: Load): Promise<Done> {
  return new Pump(broker, load, QUEUE_BYTES).run()
}

/** A queue with its publisher. */
interface Line {
  name: string
  publisher: Publisher
  sent: number
  confirmed: number
  retired: boolean
}

class Pump {
  readonly #broker: Broker
  readonly #load: Load
  readonly #messages: PublisherMessage[]
  readonly #perQueue: number
  readonly #started = performance.now()
  readonly #done = Promise.withResolvers<Done>()
  #line: Line | undefined
  #next: Line | undefined
  #lines = 0
  #flying = 0
  #confirmed = 0

  constructor(broker: Broker, load: Load, queueBytes = Number.POSITIVE_INFINITY) {
    this.#broker = broker
    this.#load = load
    this.#perQueue = queueBytes / load.bytes
    const body = Buffer.alloc(load.bytes, 1)
    const chunk = Math.max(1, Math.floor(load.inFlight / 4))
    this.#messages = Array.from({ length: chunk }, () => ({ body }))
  }

  async run(): Promise<Done> {
    this.#line = await this.#makeLine(QUEUE)
    if (Number.isFinite(this.#perQueue)) this.#makeNext()
    this.#pump()
    return this.#done.promise
  }

  async #makeLine(name: string): Promise<Line> {
    await this.#broker.declareQueue(name, { maxMessages: 1e9, maxBytes: 2 ** 50 })
    const publisher = this.#broker.publisher({
      queues: [name],
      onConfirmed: (upTo) => this.#onConfirmed(line, upTo),
      onRefused: (_from, _to, error) => this.#done.reject(error),
    })
    const line: Line = { name, publisher, sent: 0, confirmed: 0, retired: false }
    return line
  }

  #makeNext(): void {
    this.#next = undefined
    const name = `${QUEUE}${++this.#lines}`
    this.#makeLine(name).then((line) => {
      this.#next = line
    }, this.#done.reject)
  }

  #onConfirmed(line: Line, upTo: number): void {
    const count = upTo - line.confirmed
    line.confirmed = upTo
    this.#flying -= count
    this.#confirmed += count
    if (line.retired && line.confirmed === line.sent) {
      this.#broker.deleteQueue(line.name).catch(this.#done.reject)
    }
    this.#pump()
  }

  #pump(): void {
    const elapsed = (performance.now() - this.#started) / 1_000
    const { inFlight, seconds } = this.#load
    if (elapsed >= seconds) {
      if (this.#flying === 0) this.#done.resolve({ count: this.#confirmed, seconds: elapsed })
      return
    }
    while (this.#flying + this.#messages.length <= inFlight) this.#send()
  }

  #send(): void {
    const line = this.#line!
    line.sent = line.publisher.publishBatch(this.#messages)
    this.#flying += this.#messages.length
    if (line.sent < this.#perQueue || this.#next === undefined) return
    line.retired = true
    this.#line = this.#next
    this.#makeNext()
  }
}

/** One operation after the other in each of `inFlight` callers, each awaiting a promise. */
export async function callers(
  { inFlight, seconds }: Load,
  operation: (n: number) => Promise<unknown>,
  perOperation = 1,
): Promise<Done> {
  const started = performance.now()
  let count = 0
  const caller = async () => {
    while (performance.now() - started < seconds * 1_000) {
      await operation(count++)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, caller))
  return { count: count * perOperation, seconds: (performance.now() - started) / 1_000 }
}

/** Publishes first, then measures consuming and settling what is there. */
export async function settleAll(broker: Broker, load: Load): Promise<Done> {
  const { count } = await publishNumbered(broker, load)
  const started = performance.now()
  let settled = 0
  const all = Promise.withResolvers<void>()
  const options = { credit: Math.max(1, load.inFlight) }
  const subscription = broker.subscribe(QUEUE, options, async (batch) => {
    await subscription.settle(batch.map(({ id }) => ({ id, outcome: 'done' })))
    settled += batch.length
    if (settled >= count) all.resolve()
  })
  await all.promise
  const seconds = (performance.now() - started) / 1_000
  await subscription.close()
  return { count, seconds }
}
