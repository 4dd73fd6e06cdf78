import type { Publisher, PublisherMessage, PublisherOptions } from '../api.ts'
import { BrokerError } from '../errors.ts'
import { keyHash } from '../queue/key-hash.ts'
import { demandOpen, demandQueue, type Engine } from './engine.ts'
import type { EngineQueue } from './engine-queue.ts'
import { expiryOf } from './expiry.ts'
import { fullness, type Intake, owned, reserve } from './publish.ts'
import { reachFor } from './reach.ts'
import { appendMessage, messageBytes, type NewMessage } from './records.ts'

const NO_BYTES = new Uint8Array(0)

/** Room is asked for so many bytes at a time, so that a large batch needs no larger segment. */
const PIECE_BYTES = 1 << 20

type FixedQueues = PublisherOptions & { queues: readonly string[] }

/**
 * Publishes to fixed queues; one callback per write group confirms, no object per message is made.
 */
export class NumberedPublisher implements Publisher {
  readonly #engine: Engine
  readonly #intake: Intake
  readonly #options: FixedQueues
  /** The one message that every message is written from. */
  readonly #message: NewMessage
  readonly #queues: EngineQueue[]
  #last = 0

  constructor(engine: Engine, intake: Intake, options: FixedQueues) {
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
    const times = { time: 0, dueAt: 0, expiresAt: 0 }
    this.#message = { id: 0, ...times, priority: 0, key: 0, queues: numbers, ...empty }
  }

  publishBatch(messages: readonly PublisherMessage[]): number {
    const sizes = this.#check(messages)
    for (let from = 0; from < messages.length; ) {
      let to = from
      let bytes = 0
      for (; to < messages.length && (to === from || bytes < PIECE_BYTES); to++) bytes += sizes[to]!
      this.#take(from === 0 && to === messages.length ? messages : messages.slice(from, to), bytes)
      from = to
    }
    return this.#last
  }

  /** Counts messages as coming, and writes them when the log has room. */
  #take(messages: readonly PublisherMessage[], bytes: number): void {
    const from = this.#last + 1
    this.#last += messages.length
    const to = this.#last
    this.#reserve(messages, bytes, 1)
    let [kept, written] = [messages, false]
    const refuse = (error: BrokerError) => {
      this.#reserve(kept, bytes, -1)
      this.#tell(() => this.#options.onRefused(from, to, error))
    }
    const write = () => {
      written = true
      this.#write(kept, to, refuse)
    }
    this.#intake.whenRoom(bytes, write, refuse)
    if (!written) kept = messages.map(owned)
  }

  #reserve(messages: readonly PublisherMessage[], bytes: number, by: 1 | -1): void {
    const bodies = bodiesOf(messages)
    for (const queue of this.#queues) reserve(queue, bytes, bodies, by, messages.length)
  }

  /** What the user's callback throws must not fail the log. */
  #tell(callback: () => void): void {
    try {
      callback()
    } catch (error) {
      this.#engine.warn(`A publisher's callback threw: ${String(error)}`)
    }
  }

  /** Bytes of each in the log. */
  #check(messages: readonly PublisherMessage[]): number[] {
    const doing = `Cannot publish to ${this.#options.queues.join(', ')}`
    demandOpen(this.#engine, doing)
    const sizes: number[] = []
    let bytes = 0
    for (const message of messages) {
      const size = this.#sizeOf(message, doing)
      sizes.push(size)
      bytes += size
    }
    this.#intake.demandPending(bytes, messages.length, doing)
    for (const queue of this.#queues) {
      if (this.#engine.state.queues.get(queue.number) !== queue) {
        throw new BrokerError('QUEUE_UNKNOWN', `${doing}: queue ${queue.name} was deleted`)
      }
      const full = fullness(queue, bytes, bodiesOf(messages), messages.length)
      if (full === undefined) continue
      this.#intake.refused(queue, messages)
      throw full
    }
    return sizes
  }

  #sizeOf(message: PublisherMessage, doing: string): number {
    if (message.queues !== undefined || message.delayMs !== undefined) {
      throw new BrokerError('ARGUMENT', `${doing}: queues or delayMs, but its queues are fixed`)
    }
    this.#intake.checkMessage(message, doing)
    this.#message.expiresAt = message.expiresMs === undefined ? 0 : 1
    this.#message.body = message.body
    this.#message.properties = message.properties ?? NO_BYTES
    return messageBytes(this.#message)
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
      const { body, properties, key, expiresMs, priority = 0 } = messages[i]!
      message.priority = priority
      message.id = state.nextId++
      message.body = body
      message.properties = properties ?? NO_BYTES
      message.key = key === undefined ? 0 : keyHash(key)
      message.expiresAt = expiryOf(message.time, 0, expiresMs)
      appendMessage(log, message)
    }
    counters.published += messages.length
    log.onDurable((error) => {
      if (error) refuse(error)
      else this.#tell(() => this.#options.onConfirmed(to))
    })
  }
}

function bodiesOf(messages: readonly PublisherMessage[]): number {
  let bytes = 0
  for (const { body } of messages) bytes += body.length
  return bytes
}
