import { type Broker, createBroker } from '@hufu/broker'

const QUEUE = 'q'
const BODY = Buffer.alloc(100, 1)
const FILL_CHUNK = 1_000
const FILL_FLYING_MAX = 4_000
const TICK_MS = 10

/** A broker that is published to and consumed from at one rate, so that its backlog stays. */
export class Soak {
  readonly counts = { published: 0, consumed: 0 }
  readonly #broker: Broker

  private constructor(broker: Broker) {
    this.#broker = broker
  }

  static async open(dir: string): Promise<Soak> {
    const broker = await createBroker({ dir })
    await broker.declareQueue(QUEUE, { maxMessages: 1e9, maxBytes: 2 ** 50 })
    return new Soak(broker)
  }

  fill(count: number): Promise<void> {
    const messages = Array.from({ length: FILL_CHUNK }, () => ({ body: BODY }))
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    let sent = 0
    const publisher = this.#broker.publisher({
      queues: [QUEUE],
      onConfirmed: (upTo) => pump(upTo),
      onRefused: (_from, _to, error) => reject(error),
    })
    function pump(confirmed: number): void {
      while (sent - confirmed < FILL_FLYING_MAX && sent < count) {
        sent = publisher.publishBatch(messages)
      }
      if (confirmed >= count) resolve()
    }
    pump(0)
    return promise
  }

  /** Publishes at the rate, and consumes as much; the returned function ends it. */
  start(rate: number): () => Promise<void> {
    const { counts } = this
    const perTick = Math.max(1, Math.round((rate * TICK_MS) / 1_000))
    const messages = Array.from({ length: perTick }, () => ({ body: BODY }))
    const publisher = this.#broker.publisher({
      queues: [QUEUE],
      onConfirmed: (upTo) => {
        counts.published = upTo
      },
      onRefused: (_from, _to, error) => {
        throw error
      },
    })
    let stopped = false
    const subscription = this.#broker.subscribe(QUEUE, { credit: perTick * 2 }, async (batch) => {
      while (counts.consumed >= counts.published && !stopped) await tick()
      if (stopped) return
      counts.consumed += batch.length
      await subscription.settle(batch.map(({ id }) => ({ id, outcome: 'done' })))
    })
    const timer = setInterval(() => publisher.publishBatch(messages), TICK_MS)
    return async () => {
      clearInterval(timer)
      stopped = true
      await subscription.close()
    }
  }

  async close(): Promise<void> {
    await this.#broker.close()
  }
}

function tick(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, TICK_MS))
}
