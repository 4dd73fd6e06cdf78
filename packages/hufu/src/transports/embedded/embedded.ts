import { type Broker, BrokerError, type BrokerOptions, createBroker } from '@hufu/broker'
import type {
  Outgoing,
  PreparedMessages,
  PrepareOutcome,
  PrepareTerms,
  PublishOutcome,
  SubscribeRequest,
  Transport,
  TransportSubscription,
} from '../../ports/transport.ts'
import { publishAll } from './publish.ts'
import { refusalOf, requestOf } from './request.ts'
import { decodeDelivery, queueName } from './wire.ts'

/** The library counts and parks itself, so the broker's own limit on attempts is off. */
const QUEUE_OPTIONS = { maxAttempts: 0 }

/** The transport with the broker inside, for tools that look into it. */
export interface EmbeddedTransport extends Transport {
  /** The broker while the transport is open; undefined before and after. */
  readonly broker: Broker | undefined
  readonly prepared: PreparedMessages
}

/**
 * Messages in a durable broker in this process, in one folder that this process alone has open.
 * Several `createHufu` may share one transport object; the broker closes with the last of them.
 * @param folder the broker's folder, made when missing, or all of its options
 */
export function embedded(folder: string | BrokerOptions): EmbeddedTransport {
  return new Embedded(typeof folder === 'string' ? { dir: folder } : folder)
}

class Embedded implements EmbeddedTransport {
  readonly name = 'embedded'
  readonly flags = { delay: true, keyOrder: true, attempts: true, prepared: true }
  readonly #options: BrokerOptions
  #users = 0
  #opening: Promise<Broker> | undefined
  #broker: Broker | undefined

  constructor(options: BrokerOptions) {
    this.#options = options
  }

  get broker(): Broker | undefined {
    return this.#broker
  }

  async open(): Promise<void> {
    this.#users++
    this.#opening ??= createBroker(this.#options)
    try {
      this.#broker = await this.#opening
    } catch (error) {
      this.#users--
      this.#opening = undefined
      throw error
    }
  }

  async declare(event: string, groups: readonly string[]): Promise<void> {
    const broker = this.#open('declare')
    const names = groups.map((group) => queueName(event, group))
    await Promise.all(names.map((name) => broker.declareQueue(name, QUEUE_OPTIONS)))
  }

  publish(batch: readonly Outgoing[]): Promise<PublishOutcome[]> {
    const broker = this.#open('publish')
    return publishAll(broker, batch)
  }

  readonly prepared: PreparedMessages = {
    prepare: (message, terms) => prepareOne(this.#open('prepare'), message, terms),
    decide: (handle, outcome) => this.#open('decide').decide(handle, outcome),
    answerChecks: (group, answer) => this.#open('answer checks').answerChecks(group, answer),
  }

  async subscribe(request: SubscribeRequest): Promise<TransportSubscription> {
    const { event, group, credit, keyOrder, onDeliveries } = request
    const broker = this.#open('subscribe')
    const options = { credit, keyOrder }
    const subscription = broker.subscribe(queueName(event, group), options, (batch) =>
      onDeliveries(batch.map((delivery) => decodeDelivery(event, group, delivery))),
    )
    return {
      settle: (batch) => {
        return subscription.settle(
          batch.map(({ handle, ...outcome }) => ({ id: handle, ...outcome })),
        )
      },
      setCredit: (credit) => subscription.setCredit(credit),
      close: () => subscription.close(),
    }
  }

  async close(): Promise<void> {
    if (this.#users === 0 || --this.#users > 0) return
    const broker = this.#broker
    this.#broker = undefined
    this.#opening = undefined
    await broker?.close()
  }

  #open(doing: string): Broker {
    if (this.#broker !== undefined) return this.#broker
    throw new BrokerError('CLOSED', `Cannot ${doing}: the embedded transport is not open`)
  }
}

async function prepareOne(
  broker: Broker,
  message: Outgoing,
  { transactionId, group, ...check }: PrepareTerms,
): Promise<PrepareOutcome> {
  try {
    const request = { transactionId, group, messages: [requestOf(message)], check }
    return { ok: true, handle: await broker.prepare(request) }
  } catch (error) {
    return refusalOf(error)
  }
}
