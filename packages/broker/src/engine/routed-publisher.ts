import type { Publisher, PublisherMessage, PublisherOptions } from '../api.ts'
import { BrokerError } from '../errors.ts'
import { keyHash } from '../queue/key-hash.ts'
import { demandOpen, type Engine } from './engine.ts'
import type { EngineQueue } from './engine-queue.ts'
import { expiryOf } from './expiry.ts'
import { type Intake, owned, reserve } from './publish.ts'
import { reachFor } from './reach.ts'
import { type Appendable, appendMessage, messageBytes, type NewMessage } from './records.ts'

const NO_BYTES = new Uint8Array(0)

/** Room is asked for so many bytes at a time, so that a large batch needs no larger segment. */
const PIECE_BYTES = 1 << 20

/** Messages that are written together, in arrays instead of an object for each. */
interface Parcel {
  messages: readonly PublisherMessage[]
  /** Number of the first and the last of them. */
  readonly first: number
  last: number
  /** By message, bytes in the log; 0: it goes nowhere, or was refused. */
  readonly sizes: number[]
  /** The queues of all messages, one behind the other, and how many each has. */
  readonly targets: EngineQueue[]
  readonly counts: number[]
  bytes: number
  /** They are in the log's memory. */
  written: boolean
  /** All of them are on disk or were refused. */
  decided: boolean
}

/** Publishes each message to queues of its own; one callback per write group confirms. */
export class RoutedPublisher implements Publisher {
  readonly #engine: Engine
  readonly #intake: Intake
  readonly #options: PublisherOptions
  /** The one message that every message is written from, and its queues. */
  readonly #message: NewMessage
  readonly #numbers: number[] = []
  /** What is not decided yet, and what is behind it, in order. */
  readonly #open: Parcel[] = []
  #last = 0

  constructor(engine: Engine, intake: Intake, options: PublisherOptions) {
    this.#engine = engine
    this.#intake = intake
    this.#options = options
    const empty = { properties: NO_BYTES, body: NO_BYTES }
    const times = { time: 0, dueAt: 0, expiresAt: 0 }
    this.#message = { id: 0, ...times, priority: 0, key: 0, queues: this.#numbers, ...empty }
  }

  publishBatch(messages: readonly PublisherMessage[]): number {
    demandOpen(this.#engine, 'Cannot publish')
    const sizes = this.#sizesOf(messages)
    const first = this.#last + 1
    const last = first + messages.length - 1
    this.#last = last
    for (let from = 0; from < messages.length; ) {
      let to = from
      let bytes = 0
      for (; to < messages.length && (to === from || bytes < PIECE_BYTES); to++) bytes += sizes[to]!
      const whole = from === 0 && to === messages.length
      if (whole) this.#take(messages, first, sizes)
      else this.#take(messages.slice(from, to), first + from, sizes.slice(from, to))
      from = to
    }
    // Its bytes may be a part of larger memory.
    this.#message.body = NO_BYTES
    this.#message.properties = NO_BYTES
    return last
  }

  /** Throws before anything is taken. */
  #sizesOf(messages: readonly PublisherMessage[]): number[] {
    const { limits } = this.#engine
    const sizes: number[] = []
    let bytes = 0
    for (const message of messages) {
      checkQueueNames(message.queues, limits.fanOutMax)
      this.#intake.checkMessage(message, 'Cannot publish')
      const size = this.#sizeOf(message)
      sizes.push(size)
      bytes += size
    }
    this.#intake.demandPending(bytes, messages.length, 'Cannot publish')
    return sizes
  }

  #sizeOf({ queues, body, properties, delayMs = 0, expiresMs }: PublisherMessage): number {
    this.#message.expiresAt = expiresMs === undefined ? 0 : 1
    this.#message.body = body
    this.#message.properties = properties ?? NO_BYTES
    this.#message.dueAt = delayMs > 0 ? 1 : 0
    return messageBytes(this.#message, queues!.length)
  }

  /** Takes what the queues have room for, and writes it when the log has room. */
  #take(messages: readonly PublisherMessage[], first: number, sizes: number[]): void {
    const empty = { targets: [], counts: [], bytes: 0, written: false, decided: false }
    const last = first + messages.length - 1
    const parcel: Parcel = { messages, first, last, sizes, ...empty }
    this.#open.push(parcel)
    const refusals: [number, BrokerError][] = []
    for (let at = 0; at < messages.length; at++) {
      const error = this.#admit(parcel, messages[at]!, at)
      if (error !== undefined) refusals.push([first + at, error])
    }
    this.#engine.log.showKept()
    // First, for what is decided is confirmed.
    for (const [number, error] of refusals) this.#tellRefused(number, number, error)
    if (parcel.bytes === 0) return this.#decide(parcel)
    const refuse = (error: BrokerError) => this.#refuse(parcel, error)
    this.#intake.whenRoom(parcel.bytes, () => this.#write(parcel, refuse), refuse)
    if (!parcel.written) parcel.messages = messages.map(owned)
  }

  /** Counts the message as coming into its queues, or says why not. */
  #admit(parcel: Parcel, message: PublisherMessage, at: number): BrokerError | undefined {
    const { targets, counts, sizes } = parcel
    const before = targets.length
    const error = this.#resolve(targets, message, sizes[at]!)
    const kept =
      error === undefined &&
      message.volatile === true &&
      this.#keep(message, targets, before, sizes[at]!)
    if (error !== undefined || kept) targets.length = before
    counts.push(targets.length - before)
    if (targets.length === before) {
      sizes[at] = 0
      return error
    }
    const body = message.body.length
    for (let i = before; i < targets.length; i++) reserve(targets[i]!, sizes[at]!, body, 1)
    if ((message.delayMs ?? 0) > 0) this.#intake.delayedComing += targets.length - before
    parcel.bytes += sizes[at]!
    return undefined
  }

  #resolve(
    targets: EngineQueue[],
    message: PublisherMessage,
    bytes: number,
  ): BrokerError | undefined {
    const { queues, delayMs = 0 } = message
    const { byName } = this.#engine.state
    for (const name of queues!) {
      const queue = byName.get(name)
      if (queue === undefined) {
        const text = `Cannot publish to ${name}: there is no queue ${name}`
        return new BrokerError('QUEUE_UNKNOWN', text)
      }
      const full = this.#intake.refusal(queue, message, bytes)
      if (full !== undefined) return full
      targets.push(queue)
    }
    return delayMs > 0 ? this.#intake.delayRefused(delayMs, queues!.length) : undefined
  }

  /** Shows it at once, without writing it; false where it is to be written like any other. */
  #keep(
    given: PublisherMessage,
    targets: readonly EngineQueue[],
    from: number,
    bytes: number,
  ): boolean {
    const { log, state, counters, time } = this.#engine
    if ((given.delayMs ?? 0) > 0 || from === targets.length) return false
    for (let i = from; i < targets.length; i++) if (!takesKept(targets[i]!)) return false
    if (!log.memory.room(bytes)) return false
    const now = time()
    this.#message.time = Math.floor(now)
    this.#numbers.length = 0
    for (let i = from; i < targets.length; i++) {
      this.#numbers.push(targets[i]!.number)
      reserve(targets[i]!, bytes, given.body.length, 1)
    }
    this.#append(log.memory, state.nextId++, given, now)
    log.applyKept()
    counters.published++
    return true
  }

  #write(parcel: Parcel, refuse: (error: BrokerError) => void): void {
    const { log, state, counters, time } = this.#engine
    if (log.failure !== undefined) return refuse(log.failure)
    parcel.written = true
    const { messages, targets, counts } = parcel
    const numbers = this.#numbers
    const now = time()
    this.#message.time = Math.floor(now)
    let next = 0
    for (let at = 0; at < messages.length; at++) {
      const count = counts[at]!
      if (count === 0) continue
      const id = state.nextId++
      numbers.length = 0
      for (const end = next + count; next < end; next++) {
        const queue = targets[next]!
        numbers.push(queue.number)
        reachFor(log, queue, id)
      }
      this.#append(log, id, messages[at]!, now)
      if (count > 1) log.weigh(count)
      counters.published++
    }
    log.onDurable((error) => {
      if (error) return refuse(error)
      this.#delayedArrived(parcel)
      this.#decide(parcel)
    })
  }

  #append(into: Appendable, id: number, given: PublisherMessage, now: number): void {
    const { body, properties, key, delayMs = 0, expiresMs, priority = 0 } = given
    const message = this.#message
    message.priority = priority
    message.id = id
    message.body = body
    message.properties = properties ?? NO_BYTES
    message.key = key === undefined ? 0 : keyHash(key)
    // Rounded up: never early.
    message.dueAt = delayMs > 0 ? Math.ceil(now + delayMs) : 0
    message.expiresAt = expiryOf(message.time, message.dueAt, expiresMs)
    appendMessage(into, message)
  }

  #delayedArrived({ messages, counts }: Parcel): void {
    for (let at = 0; at < messages.length; at++) {
      if ((messages[at]!.delayMs ?? 0) > 0) this.#intake.delayedComing -= counts[at]!
    }
  }

  /** None of what was admitted is taken: each run of such numbers hears of it once. */
  #refuse(parcel: Parcel, error: BrokerError): void {
    const { messages, first, sizes, targets, counts } = parcel
    this.#delayedArrived(parcel)
    let next = 0
    let run = 0
    for (let at = 0; at <= messages.length; at++) {
      const count = counts[at] ?? 0
      for (const end = next + count; next < end; next++) {
        reserve(targets[next]!, sizes[at]!, messages[at]!.body.length, -1)
      }
      if (count > 0) run++
      else if (run > 0) {
        this.#tellRefused(first + at - run, first + at - 1, error)
        run = 0
      }
    }
    this.#decide(parcel)
  }

  /** Says up to which number all is decided. */
  #decide(parcel: Parcel): void {
    parcel.decided = true
    let upTo = 0
    while (this.#open[0]?.decided) upTo = this.#open.shift()!.last
    if (upTo > 0) this.#tell(() => this.#options.onConfirmed(upTo))
  }

  #tellRefused(from: number, to: number, error: BrokerError): void {
    this.#tell(() => this.#options.onRefused(from, to, error))
  }

  /** What the user's callback throws must not fail the log. */
  #tell(callback: () => void): void {
    try {
      callback()
    } catch (error) {
      this.#engine.warn(`A publisher's callback threw: ${String(error)}`)
    }
  }
}

/** Somebody is there for it, and nothing on its way to the disk would be passed by it. */
function takesKept({ consumers, incoming }: EngineQueue): boolean {
  return consumers > 0 && incoming.messages === 0
}

/** So many names are compared one by one. */
const FEW = 8

function checkQueueNames(queues: readonly string[] | undefined, most: number): void {
  if (!Array.isArray(queues)) {
    throw new BrokerError('ARGUMENT', 'Cannot publish: queues is no array of names')
  }
  const { length } = queues
  if (length < 2) return
  if (length > most) {
    throw new BrokerError('LIMIT', `Cannot publish: ${length} queues named, limit ${most}`)
  }
  const twice =
    length > FEW
      ? new Set(queues).size < length
      : queues.some((name, at) => queues.indexOf(name) < at)
  if (twice) throw new BrokerError('ARGUMENT', 'Cannot publish: a queue is named twice')
}
