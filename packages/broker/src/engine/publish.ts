import type { PublisherMessage, PublishRequest } from '../api.ts'
import { BrokerError } from '../errors.ts'
import type { Limits } from '../limits.ts'
import { keyHash } from '../queue/key-hash.ts'
import { demandOpen, demandQueue, type Engine } from './engine.ts'
import type { EngineQueue } from './engine-queue.ts'
import { expiryOf } from './expiry.ts'
import { PRIORITY_MAX } from './queue-options.ts'
import { reachFor } from './reach.ts'
import { appendMessage, messageBytes, type NewMessage } from './records.ts'

/** On a full disk a refused publish looks for room so often, ms. */
const SPACE_RETRY_MS = 1_000
const NO_BYTES = new Uint8Array(0)

/** A message that waits until the log has room for it. */
interface Waiting {
  bytes: number
  go: () => void
  refuse: (error: BrokerError) => void
}

/** A message that a queue does not take. */
export type Refused = Pick<PublishRequest, 'body' | 'properties' | 'priority'> & {
  key?: string | number
}

/** Writes an accepted message and says when it is taken, or why not. */
type Write = (
  message: NewMessage,
  queues: EngineQueue[],
  taken: (id: number) => void,
  refuse: (error: BrokerError) => void,
) => void

/** Takes messages: checks every limit, writes, and answers when the message is on disk. */
export class Intake {
  readonly #engine: Engine
  readonly #waiting: Waiting[] = []
  #waitingBytes = 0
  #lookAt = 0
  /** A message that was refused is to be dead-lettered. */
  onOverflow: (queue: EngineQueue, message: Refused) => void = () => undefined
  /** Delayed messages on their way into their queues, once per queue. */
  delayedComing = 0

  constructor(engine: Engine) {
    this.#engine = engine
    engine.log.segments.onChange = () => this.roomChanged()
  }

  publish(request: PublishRequest): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#take(this.#accept(request), resolve, reject, (message, queues, taken, refuse) =>
        this.#write(message, queues, taken, refuse),
      )
    })
  }

  /**
   * Stores a message of a batch, under its number there; nobody sees it yet. Throws, or calls
   * `reject`, as `publish` rejects; `resolve` when the log has taken it. Returns its queues.
   */
  hold(
    request: PublishRequest,
    batch: number,
    index: number,
    resolve: () => void,
    reject: (error: BrokerError) => void,
  ): { queues: readonly number[] } {
    const message = { ...this.#accept(request), batch, id: index }
    this.#take(message, resolve, reject, (held, _queues, taken, refuse) => {
      const { log } = this.#engine
      if (log.failure !== undefined) return refuse(log.failure)
      appendMessage(log, held)
      taken(index)
    })
    return message
  }

  /** Counts the message, and calls `write` when the log has room for it. */
  #take(
    message: NewMessage,
    resolve: (id: number) => void,
    reject: (error: BrokerError) => void,
    write: Write,
  ): void {
    const bytes = messageBytes(message)
    const queues = message.queues.map((number) => this.#engine.state.queues.get(number)!)
    for (const queue of queues) {
      const error = this.refusal(queue, message, bytes)
      if (error !== undefined) throw error
    }
    const body = message.body.length
    for (const queue of queues) reserve(queue, bytes, body, 1)
    const delayed = message.dueAt > 0 ? queues.length : 0
    this.delayedComing += delayed
    const refuse = (error: BrokerError) => {
      this.delayedComing -= delayed
      for (const queue of queues) reserve(queue, bytes, body, -1)
      reject(error)
    }
    const taken = (id: number) => {
      // Counted in its queue, or in its batch, once it is on disk.
      if (delayed > 0) {
        this.#engine.log.onDurable(() => {
          this.delayedComing -= delayed
        })
      }
      resolve(id)
    }
    this.whenRoom(bytes, () => write(message, queues, taken, refuse), refuse)
  }

  /** A segment became ready or could not be had, or a group was written. */
  roomChanged(): void {
    const { log } = this.#engine
    while (this.#waiting.length > 0) {
      const { bytes, go, refuse } = this.#waiting[0]!
      const error = log.failure ?? (this.#noSpace(bytes) ? this.#full() : undefined)
      if (error === undefined && !log.room(bytes)) return this.#makeRoom(bytes)
      this.#waiting.shift()
      this.#waitingBytes -= bytes
      if (error === undefined) go()
      else refuse(error)
    }
  }

  /** Refuses what still waits for room; the broker closes. */
  close(): void {
    this.#waitingBytes = 0
    for (const { refuse } of this.#waiting.splice(0)) {
      refuse(new BrokerError('CLOSED', 'Cannot publish: the broker is closed'))
    }
  }

  #accept(request: PublishRequest): NewMessage {
    checkTypes(request)
    const what = doing(request)
    demandOpen(this.#engine, what)
    const { body, properties = NO_BYTES, delayMs = 0, expiresMs, priority = 0, key } = request
    this.#checkSizes(request, what)
    const queues = request.queues.map((name) => demandQueue(this.#engine, name, what).number)
    if (new Set(queues).size !== queues.length) {
      throw new BrokerError('ARGUMENT', `${what}: a queue is named twice`)
    }
    this.#checkDelay(delayMs, queues.length, what)
    this.checkExpiry(expiresMs, what)
    checkPriority(priority, what)
    const now = this.#engine.time()
    // Rounded up: never early.
    const dueAt = delayMs > 0 ? Math.ceil(now + delayMs) : 0
    const hash = key === undefined ? 0 : keyHash(key)
    const time = Math.floor(now)
    const expiresAt = expiryOf(time, dueAt, expiresMs)
    const times = { time, dueAt, expiresAt }
    return { id: 0, ...times, priority, key: hash, queues, properties, body }
  }

  #checkSizes({ queues, body, properties = NO_BYTES }: PublishRequest, what: string): void {
    const { limits } = this.#engine
    const bytes = body.length + properties.length
    if (queues.length < 1 || queues.length > limits.fanOutMax) {
      const text = `${queues.length} queues named, 1 to ${limits.fanOutMax} are possible`
      throw new BrokerError('LIMIT', `${what}: ${text}`)
    }
    checkSize(limits, body, properties, what)
    this.demandPending(bytes, 1, what)
  }

  /** Why the queue does not take the message, which may then be dead-lettered by way of it. */
  refusal(queue: EngineQueue, message: Refused, bytes: number): BrokerError | undefined {
    const error = fullness(queue, bytes, message.body.length)
    if (error !== undefined) this.refused(queue, [message])
    return error
  }

  /** These found no room in the queue. */
  refused(queue: EngineQueue, messages: readonly Refused[]): void {
    if (queue.options.overflow !== 'reject-dead-letter') return
    for (const message of messages) this.onOverflow(queue, owned(message))
  }

  /** Throws `BUSY` when so many bytes more would wait for the disk than is allowed. */
  demandPending(bytes: number, messages: number, what: string): void {
    const { log, limits } = this.#engine
    const waiting = log.pendingBytes + this.#waitingBytes
    // A single message that is larger than the limit goes alone.
    const alone = waiting === 0 && messages === 1
    if (alone || waiting + bytes <= limits.pendingBytesMax) return
    throw new BrokerError('BUSY', `${what}: ${waiting} bytes wait for the disk`)
  }

  /** Throws what is wrong with one message of a publisher. */
  checkMessage(message: PublisherMessage, what: string): void {
    const { body, properties = NO_BYTES, key = '', delayMs = 0 } = message
    const { limits } = this.#engine
    if (!(body instanceof Uint8Array && properties instanceof Uint8Array)) {
      throw new BrokerError('ARGUMENT', `${what}: body or properties is no Uint8Array`)
    }
    if (typeof key !== 'string') throw new BrokerError('ARGUMENT', `${what}: key is no string`)
    checkSize(limits, body, properties, what)
    if (!(delayMs >= 0 && delayMs <= limits.delayMsMax)) {
      throw new BrokerError('LIMIT', `${what}: delayMs is ${delayMs}, limit ${limits.delayMsMax}`)
    }
    this.checkExpiry(message.expiresMs, what)
    checkPriority(message.priority ?? 0, what)
  }

  checkExpiry(expiresMs: number | undefined, what: string): void {
    const { delayMsMax } = this.#engine.limits
    if (expiresMs === undefined || (expiresMs >= 0 && expiresMs <= delayMsMax)) return
    throw new BrokerError('LIMIT', `${what}: expiresMs is ${expiresMs}, limit ${delayMsMax}`)
  }

  #checkDelay(delayMs: number, queues: number, what: string): void {
    const { delayMsMax } = this.#engine.limits
    if (!(delayMs >= 0 && delayMs <= delayMsMax)) {
      throw new BrokerError('LIMIT', `${what}: delayMs is ${delayMs}, limit ${delayMsMax}`)
    }
    const refused = this.delayRefused(delayMs, queues, what)
    if (refused !== undefined) throw refused
  }

  /** Why a message to so many queues cannot be delayed now. */
  delayRefused(delayMs: number, queues: number, what = 'Cannot publish'): BrokerError | undefined {
    const { state, limits } = this.#engine
    const { delayedMax } = limits
    const coming = this.delayedComing + queues
    if (delayMs === 0 || state.due.length + state.heldDelayed + coming <= delayedMax) return
    if (state.delayed() + coming <= delayedMax) return
    return new BrokerError('LIMIT', `${what}: ${delayedMax} messages are delayed already`)
  }

  /** Calls `go` when the log has room for `bytes`, now or later; `refuse` when it never will. */
  whenRoom(bytes: number, go: () => void, refuse: (error: BrokerError) => void): void {
    const { log } = this.#engine
    // Behind those who wait already: ids follow the order of the calls.
    if (this.#waiting.length === 0 && log.room(bytes)) return go()
    if (this.#noSpace(bytes)) {
      this.#lookForSpace(bytes)
      return refuse(this.#full())
    }
    this.#waiting.push({ bytes, go, refuse })
    this.#waitingBytes += bytes
    this.#makeRoom(bytes)
  }

  /** The disk may have room again by now, for a later publish. */
  #lookForSpace(bytes: number): void {
    const now = this.#engine.os.clock.mono()
    if (now < this.#lookAt) return
    this.#lookAt = now + SPACE_RETRY_MS
    this.#makeRoom(bytes)
  }

  #noSpace(bytes: number): boolean {
    const { log } = this.#engine
    return log.segments.noSpace && !log.room(bytes)
  }

  #full(): BrokerError {
    return new BrokerError('LOG_FULL', 'Cannot publish: the disk has no room for another segment')
  }

  #makeRoom(bytes: number): void {
    const { segments } = this.#engine.log
    if (segments.busy) return
    // Half of the next segment stays in reserve, hence twice; once more for the group's header.
    segments.prepareSoon(bytes * 4)
  }

  #write(
    message: NewMessage,
    queues: EngineQueue[],
    taken: (id: number) => void,
    refuse: (error: BrokerError) => void,
  ): void {
    const { log, state, counters } = this.#engine
    if (log.failure !== undefined) return refuse(log.failure)
    const id = state.nextId++
    message.id = id
    for (const queue of queues) reachFor(log, queue, id)
    appendMessage(log, message)
    counters.published++
    log.onDurable((error) => (error ? refuse(error) : taken(id)))
  }
}

function checkPriority(priority: number, what: string): void {
  if (Number.isInteger(priority) && priority >= 0 && priority <= PRIORITY_MAX) return
  const text = `priority is ${priority}, 0 to ${PRIORITY_MAX} are possible`
  throw new BrokerError('LIMIT', `${what}: ${text}`)
}

/**
 * Counts messages as being on their way into the queue (+1), or not any more (-1); `bodies`: of the
 * bytes, those of their bodies.
 */
export function reserve(
  { incoming }: EngineQueue,
  bytes: number,
  bodies: number,
  by: 1 | -1,
  messages = 1,
): void {
  incoming.messages += by * messages
  incoming.bytes += by * bytes
  incoming.bodies += by * bodies
}

function doing(request: PublishRequest): string {
  return `Cannot publish to ${request.queues.join(', ')}`
}

/** What a caller without types would have stored as something else than it meant. */
function checkTypes(request: PublishRequest): void {
  const { queues, body, properties = NO_BYTES, key = '' } = request
  if (!Array.isArray(queues)) {
    throw new BrokerError('ARGUMENT', 'Cannot publish: queues is no array of names')
  }
  const wrong = (what: string) => new BrokerError('ARGUMENT', `${doing(request)}: ${what}`)
  if (!(body instanceof Uint8Array)) throw wrong('body is no Uint8Array')
  if (!(properties instanceof Uint8Array)) throw wrong('properties is no Uint8Array')
  if (typeof key !== 'string') throw wrong('key is no string')
}

/** Why the queue cannot take so many messages of so many bytes, and bytes of bodies, together. */
export function fullness(
  queue: EngineQueue,
  bytes: number,
  bodies: number,
  count = 1,
): BrokerError | undefined {
  const { maxMessages, maxBytes } = queue.options
  const full = (text: string) => {
    return new BrokerError('QUEUE_FULL', `Cannot publish to ${queue.name}: it holds ${text}`)
  }
  if (queue.length + queue.incoming.messages + count > maxMessages) {
    return full(`${maxMessages} messages`)
  }
  if (queue.bytes + queue.incoming.bytes + bytes > maxBytes) return full(`${queue.bytes} bytes`)
  if (!isOverReady(queue, queue.weighsBodies ? bodies : bytes, count)) return undefined
  return full(`${queue.ready} ready messages of ${queue.readyBytes} bytes, its limit`)
}

/** What it has ready leaves no room for so much more, and it rejects what is too much. */
function isOverReady(queue: EngineQueue, bytes: number, count: number): boolean {
  const { maxReady, maxReadyBytes, overflow } = queue.options
  if (overflow === 'drop-head') return false
  const { ready, readyBytes, incoming } = queue
  if (maxReady !== null && ready + incoming.messages + count > maxReady) return true
  const coming = queue.weighsBodies ? incoming.bodies : incoming.bytes
  return maxReadyBytes !== null && readyBytes + coming + bytes > maxReadyBytes
}

function checkSize(
  { messageBytesMax, propertiesBytesMax }: Limits,
  { length }: Uint8Array,
  properties: Uint8Array,
  what: string,
): void {
  if (length > messageBytesMax) {
    throw new BrokerError('LIMIT', `${what}: ${length} bytes, limit ${messageBytesMax}`)
  }
  if (properties.length <= propertiesBytesMax) return
  const text = `${properties.length} bytes of properties, limit ${propertiesBytesMax}`
  throw new BrokerError('LIMIT', `${what}: ${text}`)
}

/** With bytes of its own: those that were given are good during the call only. */
export function owned<T extends Pick<PublishRequest, 'body' | 'properties'>>(message: T): T {
  const { body, properties } = message
  const bodyOnly = { ...message, body: Buffer.from(body) }
  return properties === undefined ? bodyOnly : { ...bodyOnly, properties: Buffer.from(properties) }
}
