import type { Broker } from '@hufu/broker'

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

/** Messages through the batch API: numbered, confirmed per write group. */
export function publishNumbered(broker: Broker, load: Load): Promise<Done> {
  const { bytes, inFlight, seconds } = load
  const body = Buffer.alloc(bytes, 1)
  const chunk = Math.max(1, Math.floor(inFlight / 4))
  const messages = Array.from({ length: chunk }, () => ({ body }))
  const started = performance.now()
  const { promise, resolve, reject } = Promise.withResolvers<Done>()
  let sent = 0
  let confirmed = 0
  const publisher = broker.publisher({
    queues: [QUEUE],
    onConfirmed: (upTo) => {
      confirmed = upTo
      pump()
    },
    onRefused: (_from, _to, error) => reject(error),
  })
  function pump(): void {
    const elapsed = (performance.now() - started) / 1_000
    if (elapsed < seconds) {
      while (sent - confirmed + chunk <= inFlight) sent = publisher.publishBatch(messages)
    } else if (confirmed === sent) resolve({ count: confirmed, seconds: elapsed })
  }
  pump()
  return promise
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
  await new Promise<void>((resolve) => {
    const options = { credit: Math.max(1, load.inFlight) }
    const subscription = broker.subscribe(QUEUE, options, async (batch) => {
      await subscription.settle(batch.map(({ id }) => ({ id, outcome: 'done' })))
      settled += batch.length
      if (settled >= count) resolve()
    })
  })
  return { count, seconds: (performance.now() - started) / 1_000 }
}
