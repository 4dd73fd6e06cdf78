import type { Broker, Publisher, PublisherMessage } from '../../api.ts'
import { owned } from '../../engine/publish.ts'
import { BrokerError, type BrokerErrorCode } from '../../errors.ts'
import { type PublishFlow, type Sender, weightOf } from './publish-flow.ts'

/** Messages that go to the core together at most, counted once for each of their queues. */
const TOGETHER_MAX = 512

/** What becomes of publishes, by their numbers on this line, from 1. */
export interface Told {
  stored(from: number, to: number): void
  refused(from: number, to: number): void
  /** What the first of those was refused with that are no messages to the core. */
  failed(error: unknown): void
}

/** Takes a number, and goes nowhere. */
export const NOWHERE: PublisherMessage = { queues: [], body: new Uint8Array(0) }

/** The core takes nothing at all, for now or for ever. */
const OVER: readonly BrokerErrorCode[] = ['CLOSED', 'LOG_FAILED', 'BUSY']

/** Publishes of one channel on their way to the disk: handed over together, told by number. */
export class PublishLine {
  readonly #publisher: Publisher
  readonly #flow: PublishFlow
  readonly #sender: Sender
  readonly #told: Told
  #waiting: PublisherMessage[] = []
  #waitingBytes = 0
  #copies = 0
  #last = 0
  /** Handed over, not told: the last number of each portion, and its bytes. */
  readonly #portions: { readonly last: number; readonly bytes: number }[] = []
  /** Told up to here. */
  #done = 0
  readonly #awaited: { readonly upTo: number; readonly resolve: () => void }[] = []

  constructor(broker: Broker, flow: PublishFlow, sender: Sender, told: Told) {
    this.#flow = flow
    this.#sender = sender
    this.#told = told
    this.#publisher = broker.publisher({
      onConfirmed: (upTo) => this.#confirmed(upTo),
      onRefused: (from, to) => this.#refused(from, to),
    })
  }

  /** Returns its number. Without queues it is stored nowhere, and told in its turn. */
  add(message: PublisherMessage): number {
    this.#waiting.push(message)
    this.#waitingBytes += weightOf(message)
    this.#last++
    this.#copies += message.queues?.length || 1
    if (this.#copies >= TOGETHER_MAX) this.flush()
    return this.#last
  }

  /**
   * Hands over what waits; throws when the core takes nothing more. A message that is none to the
   * core is refused by itself: the others are no worse for it.
   */
  flush(): void {
    if (this.#waiting.length === 0) return
    const messages = this.#waiting
    const first = this.#last - messages.length + 1
    const bytes = this.#waitingBytes
    this.#waiting = []
    this.#waitingBytes = 0
    this.#copies = 0
    this.#portions.push({ last: this.#last, bytes })
    this.#flow.add(bytes, this.#sender)
    const last = this.#last
    const later = () => this.#takeLater(kept, first, last)
    // Its bytes are good during this call only.
    let kept: readonly PublisherMessage[] = []
    if (this.#flow.admit(bytes, later)) this.#takeNow(messages, first, last)
    else kept = messages.map(owned)
  }

  #takeNow(messages: readonly PublisherMessage[], first: number, last: number): void {
    try {
      this.#take(messages, first)
    } catch (error) {
      this.#doneUpTo(last)
      throw error
    }
  }

  #takeLater(messages: readonly PublisherMessage[], first: number, last: number): void {
    try {
      this.#takeNow(messages, first, last)
    } catch (error) {
      this.#told.failed(error)
    }
  }

  #take(messages: readonly PublisherMessage[], first: number): void {
    try {
      this.#publisher.publishBatch(messages)
    } catch (error) {
      if (error instanceof BrokerError && OVER.includes(error.code)) throw error
      if (messages.length > 1)
        for (const [at, each] of messages.entries()) this.#take([each], first + at)
      else this.#wrong(first, error)
    }
  }

  #wrong(number: number, error: unknown): void {
    this.#told.refused(number, number)
    this.#publisher.publishBatch([NOWHERE])
    this.#told.failed(error)
  }

  /** Numbers given so far. */
  get last(): number {
    return this.#last
  }

  /** Resolves when all that was added is told; undefined: it is. */
  told(): Promise<void> | undefined {
    if (this.#done >= this.#last) return undefined
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#awaited.push({ upTo: this.#last, resolve })
    return promise
  }

  #confirmed(upTo: number): void {
    if (upTo <= this.#done) return
    this.#told.stored(this.#done + 1, upTo)
    this.#doneUpTo(upTo)
  }

  #refused(from: number, to: number): void {
    this.#told.refused(from, to)
    if (from <= this.#done + 1) this.#doneUpTo(to)
  }

  #doneUpTo(upTo: number): void {
    this.#done = Math.max(this.#done, upTo)
    let bytes = 0
    while (this.#portions.length > 0 && this.#portions[0]!.last <= upTo) {
      bytes += this.#portions.shift()!.bytes
    }
    if (bytes > 0) this.#flow.done(bytes, this.#sender)
    while (this.#awaited.length > 0 && this.#awaited[0]!.upTo <= this.#done) {
      this.#awaited.shift()!.resolve()
    }
  }
}
