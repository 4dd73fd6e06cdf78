import type { Publisher, PublisherMessage, PublisherOptions } from '../api.ts'
import { BrokerError } from '../errors.ts'
import { keyHash } from '../queue/key-hash.ts'
import { demandOpen, demandQueue, type Engine } from './engine.ts'
import { checkQueue, type Intake, reserve } from './publish.ts'
import { reachFor } from './reach.ts'
import { appendMessage, messageBytes, type NewMessage } from './records.ts'
import type { EngineQueue } from './state.ts'

const NO_BYTES = new Uint8Array(0)

/**
 * Publishes to fixed queues; one callback per write group confirms, no object per message is made.
 */
export class NumberedPublisher implements Publisher {
  readonly #engine: Engine
  readonly #intake: Intake
  readonly #options: PublisherOptions
  /** The one message that every message is written from. */
  readonly #message: NewMessage
  readonly #queues: EngineQueue[]
  #last = 0

  constructor(engine: Engine, intake: Intake, options: PublisherOptions) {
    this.#engine = engine
    this.#intake = intake
    this.#options = options
    const { queues } = options
    const { fanOutMax } = engine.limits
    const doing = `Cannot make a publisher to ${queues.join(', ')}`
    if (queues.length < 1 || queues.length > fanOutMax || new Set(queues).size < queues.length) {
      throw new BrokerError('LIMIT', `${doing}: 1 to ${fanOutMax} different queues are possible`)
    }
    this.#queues = queues.map((name) => demandQueue(engine, name, doing))
    const numbers = this.#queues.map(({ number }) => number)
    const empty = { properties: NO_BYTES, body: NO_BYTES }
    this.#message = { id: 0, time: 0, key: 0, queues: numbers, dueAt: 0, ...empty }
  }

  publishBatch(messages: readonly PublisherMessage[]): number {
    const bytes = this.#check(messages)
    const from = this.#last + 1
    this.#last += messages.length
    const to = this.#last
    for (const queue of this.#queues) queue.incoming.messages += messages.length - 1
    reserve(this.#queues, bytes, 1)
    const refuse = (error: BrokerError) => {
      for (const queue of this.#queues) queue.incoming.messages -= messages.length - 1
      reserve(this.#queues, bytes, -1)
      this.#options.onRefused(from, to, error)
    }
    this.#intake.whenRoom(bytes, () => this.#write(messages, to, refuse), refuse)
    return to
  }

  /** Bytes of all of them in the log. */
  #check(messages: readonly PublisherMessage[]): number {
    const doing = `Cannot publish to ${this.#options.queues.join(', ')}`
    demandOpen(this.#engine, doing)
    const { messageBytesMax } = this.#engine.limits
    let bytes = 0
    for (const { body, properties = NO_BYTES } of messages) {
      const size = body.length + properties.length
      if (!(size <= messageBytesMax)) {
        throw new BrokerError('LIMIT', `${doing}: ${size} bytes, limit ${messageBytesMax}`)
      }
      this.#message.body = body
      this.#message.properties = properties
      bytes += messageBytes(this.#message)
    }
    this.#intake.demandPending(bytes, doing)
    for (const queue of this.#queues) {
      if (this.#engine.state.queues.get(queue.number) !== queue) {
        throw new BrokerError('QUEUE_UNKNOWN', `${doing}: queue ${queue.name} was deleted`)
      }
      checkQueue(queue, bytes, messages.length)
    }
    return bytes
  }

  #write(
    messages: readonly PublisherMessage[],
    to: number,
    refuse: (error: BrokerError) => void,
  ): void {
    const { log, state, counters, time } = this.#engine
    if (log.failure !== undefined) return refuse(log.failure)
    const message = this.#message
    message.time = Math.floor(time())
    for (const queue of this.#queues) reachFor(log, queue, state.nextId + messages.length - 1)
    for (let i = 0; i < messages.length; i++) {
      const { body, properties, key } = messages[i]!
      message.id = state.nextId++
      message.body = body
      message.properties = properties ?? NO_BYTES
      message.key = key === undefined ? 0 : keyHash(key)
      appendMessage(log, message)
    }
    counters.published += messages.length
    log.onDurable((error) => (error ? refuse(error) : this.#options.onConfirmed(to)))
  }
}
