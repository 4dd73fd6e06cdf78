import type { Broker, PublisherMessage } from '@hufu/broker'
import type { Outgoing, PublishOutcome } from '../../ports/transport.ts'
import { queuesOf, refusalOf, requestOf } from './request.ts'
import { encodeEnvelope } from './wire.ts'

/** Messages handed to the broker's log in one piece have at most so many bytes of body. */
const TOGETHER_BYTES_MAX = 1024 * 1024

const OK: PublishOutcome = { ok: true }

/** Publishes in order: what stands side by side and goes the same way goes as one. */
export async function publishAll(
  broker: Broker,
  batch: readonly Outgoing[],
): Promise<PublishOutcome[]> {
  const outcomes = await Promise.all(runsOf(batch).map((run) => publishRun(broker, run)))
  return outcomes.flat()
}

/** Cuts the batch where messages go to other queues, are delayed, or become too many bytes. */
function runsOf(batch: readonly Outgoing[]): Outgoing[][] {
  const runs: Outgoing[][] = []
  let way = ''
  let bytes = 0
  for (const message of batch) {
    const { event, groups, body, delayMs = 0 } = message
    const own = delayMs > 0 ? '' : `${event}/${groups.join('/')}`
    bytes += body.length
    if (own === '' || own !== way || bytes > TOGETHER_BYTES_MAX) {
      runs.push([])
      bytes = body.length
    }
    way = own
    runs.at(-1)!.push(message)
  }
  return runs
}

function publishRun(broker: Broker, run: readonly Outgoing[]): Promise<PublishOutcome[]> {
  const [first] = run
  if (run.length === 1 || first!.groups.length === 0) return publishEach(broker, run)
  const { promise, resolve } = Promise.withResolvers<PublishOutcome>()
  try {
    const publisher = broker.publisher({
      queues: queuesOf(first!),
      onConfirmed: () => resolve(OK),
      onRefused: (_from, _to, error) => resolve(refusalOf(error)),
    })
    publisher.publishBatch(run.map(publisherMessage))
  } catch {
    // None of them was taken. One by one, those that can be taken are.
    return publishEach(broker, run)
  }
  return promise.then((outcome) => run.map(() => outcome))
}

function publishEach(broker: Broker, run: readonly Outgoing[]): Promise<PublishOutcome[]> {
  return Promise.all(run.map((message) => publishOne(broker, message)))
}

async function publishOne(broker: Broker, message: Outgoing): Promise<PublishOutcome> {
  if (message.groups.length === 0) return OK
  try {
    await broker.publish(requestOf(message))
    return OK
  } catch (error) {
    return refusalOf(error)
  }
}

function publisherMessage(message: Outgoing): PublisherMessage {
  const { key, body } = message
  const properties = encodeEnvelope(message)
  return key === undefined ? { body, properties } : { body, properties, key }
}
