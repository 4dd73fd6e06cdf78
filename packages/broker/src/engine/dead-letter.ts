import type { DeadLetterReason, DeadLetterRouter } from '../options.ts'
import { withCause } from '../queue/history.ts'
import { keyHash } from '../queue/key-hash.ts'
import type { QueueRow } from '../queue/queue-row.ts'
import { copied, type Engine, withEntryAtLast } from './engine.ts'
import type { EngineQueue } from './engine-queue.ts'
import { encodeOrigin } from './origin.ts'
import { fullness, type Intake, type Refused, reserve } from './publish.ts'
import { reachFor } from './reach.ts'
import {
  appendMessage,
  appendReturns,
  appendSettle,
  emptyMessageView,
  loadMessage,
  messageBytes,
  type NewMessage,
  SETTLED,
} from './records.ts'

/** A batch that something is written into. */
export interface OpenBatch {
  readonly number: number
  /** The number in the batch of one more message, which goes to these queues. */
  next(queues: readonly number[]): number
}

const REFUSED = 'its queue had no room for it'
/** The id of what was refused. */
const NEVER_IN = 0
const NO_BYTES = new Uint8Array(0)

/** Why a row leaves its queue, and how it stands then. */
export interface Failed {
  readonly row: QueueRow
  readonly attempts: number
  readonly cause: string
  readonly reason: DeadLetterReason
  /** With which it takes effect; undefined: at once. */
  readonly batch?: OpenBatch | undefined
}

/** What becomes of it: a copy somewhere else, kept here for a person, or gone. */
type Fate =
  | { readonly copy: NewMessage; readonly targets: readonly EngineQueue[] }
  | 'park'
  | 'drop'

/** Sends what is given up to where it belongs, or parks it. */
export class DeadLetters {
  router: DeadLetterRouter | undefined
  readonly #engine: Engine
  readonly #intake: Intake
  readonly #givingUp = new Set<Promise<unknown>>()

  constructor(engine: Engine, intake: Intake, router: DeadLetterRouter | undefined) {
    this.#engine = engine
    this.#intake = intake
    this.router = router
    intake.onOverflow = (queue, message) => this.#overflow(queue, message)
  }

  /** Gives up a row in state `settling`: dead-lettered, parked or dropped, by one entry. */
  giveUp(queue: EngineQueue, failed: Failed): Promise<void> {
    const work = this.#giveUp(queue, failed)
    this.#track(work)
    return work
  }

  /** A message that the queue had no room for goes on as a dead letter, if it can. */
  #overflow(queue: EngineQueue, given: Refused): void {
    const { number, name } = queue
    const now = this.#engine.time()
    const history = withCause([], Math.ceil(now), REFUSED)
    const origin = encodeOrigin({ number, queue: name, id: NEVER_IN, attempts: 0, history })
    const { body, properties = NO_BYTES, priority = 0, key = 0 } = given
    const times = { time: Math.floor(now), dueAt: 0, expiresAt: 0 }
    const hash = typeof key === 'number' ? key : keyHash(key)
    const parts = { priority, key: hash, queues: [], properties, body, origin }
    const fate = this.#fateOfCopy(queue, { id: 0, ...times, ...parts }, NEVER_IN, 'maxlen')
    if (typeof fate === 'object') this.#track(this.#whenRoom(fate, undefined, () => true))
  }

  #track(work: Promise<unknown>): void {
    this.#givingUp.add(work)
    const over = () => this.#givingUp.delete(work)
    work.then(over, over)
  }

  drops({ options }: EngineQueue): boolean {
    return options.deadLetter === null && !options.routeDeadLetters
  }

  isReady({ options }: EngineQueue): boolean {
    return !options.routeDeadLetters || this.router !== undefined || options.deadLetter !== null
  }

  /** Resolves when nothing is being dead-lettered; before a stop, for it writes to the log. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#givingUp)
  }

  async #giveUp(queue: EngineQueue, failed: Failed): Promise<void> {
    const { log } = this.#engine
    const fate = await this.#fateOf(queue, failed)
    const moved = typeof fate === 'object' && (await this.#copyTo(queue, fate, failed))
    const { row, attempts, cause, batch } = failed
    const { id } = row
    if (!moved && queue.rows.get(id) === row) {
      const parked = { id, state: 'parked' as const, attempts, dueAt: 0, cause }
      if (fate === 'drop') {
        appendSettle(log, queue.number, [id], SETTLED.dropped, batch?.number)
      } else appendReturns(log, queue.number, [parked], batch?.number)
    }
    if (batch === undefined) await log.durable()
  }

  async #fateOf(queue: EngineQueue, failed: Failed): Promise<Fate> {
    const { row, reason } = failed
    const { deadLetter, routeDeadLetters } = queue.options
    if (deadLetter === null && !(routeDeadLetters && this.router !== undefined)) {
      // What is old, or too much, is kept only where somebody asked for it.
      return reason === 'expired' || reason === 'maxlen' ? 'drop' : 'park'
    }
    const copy = await this.#copyOf(queue, failed).catch((error) => {
      // It cannot be read: it is parked, in its place.
      this.#engine.warn(`Dead-lettering message ${row.id} of ${queue.name}: ${String(error)}`)
      return undefined
    })
    return copy === undefined ? 'park' : this.#fateOfCopy(queue, copy, row.id, reason)
  }

  #fateOfCopy(queue: EngineQueue, copy: NewMessage, id: number, reason: DeadLetterReason): Fate {
    const { deadLetter, routeDeadLetters } = queue.options
    if (routeDeadLetters && this.router !== undefined) {
      return this.#routed(this.router, queue, copy, id, reason)
    }
    const target = deadLetter === null ? undefined : this.#engine.state.byName.get(deadLetter)
    return target === undefined ? 'park' : { copy, targets: [target] }
  }

  /** What the router says of it; parked where it names a queue that is not there. */
  #routed(
    router: DeadLetterRouter,
    queue: EngineQueue,
    copy: NewMessage,
    id: number,
    reason: DeadLetterReason,
  ): Fate {
    const { properties, time } = copy
    const parks = (why: string): Fate => {
      this.#engine.warn(`Message ${id} of queue ${queue.name} is parked: ${why}`)
      return 'park'
    }
    try {
      const route = router({ queue: queue.name, properties, reason, time })
      if (typeof route === 'string') return route
      const targets: EngineQueue[] = []
      for (const name of new Set(route.queues)) {
        const target = this.#engine.state.byName.get(name)
        if (target === undefined) return parks(`it is routed to ${name}, which is not there`)
        targets.push(target)
      }
      if (targets.length === 0) return 'drop'
      return { copy: { ...copy, properties: route.properties }, targets }
    } catch (error) {
      return parks(`routing it failed: ${String(error)}`)
    }
  }

  /** False when it is gone meanwhile, or there is no room for the copy. */
  #copyTo(
    queue: EngineQueue,
    fate: Exclude<Fate, string>,
    { row, batch }: Failed,
  ): Promise<boolean> {
    return this.#whenRoom(fate, batch, () => queue.rows.get(row.id) === row)
  }

  #whenRoom(
    { copy, targets }: Exclude<Fate, string>,
    batch: OpenBatch | undefined,
    stands: () => boolean,
  ): Promise<boolean> {
    const queues = targets.map(({ number }) => number)
    const message: NewMessage = { ...copy, queues }
    if (batch !== undefined) message.batch = batch.number
    return new Promise((resolve) => {
      const go = () => resolve(stands() && this.#append(message, targets, batch))
      this.#intake.whenRoom(messageBytes(message), go, () => resolve(false))
    })
  }

  /** False when one of the queues has no room for it. */
  #append(
    message: NewMessage,
    targets: readonly EngineQueue[],
    batch: OpenBatch | undefined,
  ): boolean {
    const { log, state } = this.#engine
    const bytes = messageBytes(message)
    const body = message.body.length
    const full = targets.some((target) => fullness(target, bytes, body) !== undefined)
    if (full || log.failure !== undefined) return false
    message.id = batch === undefined ? state.nextId++ : batch.next(message.queues)
    for (const target of targets) {
      reserve(target, bytes, body, 1)
      if (batch === undefined) reachFor(log, target, message.id)
    }
    appendMessage(log, message)
    return true
  }

  async #copyOf(
    queue: EngineQueue,
    { row, attempts, cause }: Failed,
  ): Promise<NewMessage | undefined> {
    const now = this.#engine.time()
    const history = withCause(row.history, Math.ceil(now), cause)
    const { number, name } = queue
    const origin = encodeOrigin({ number, queue: name, id: row.id, attempts, history })
    const view = emptyMessageView()
    let copy: NewMessage | undefined
    await withEntryAtLast(this.#engine, row, (entry) => {
      loadMessage(entry, view)
      const properties = copied(entry.bytes, view.propertiesAt, view.bodyAt)
      const body = copied(entry.bytes, view.bodyAt, view.end)
      const { key, priority } = view
      const times = { time: Math.floor(now), dueAt: 0, expiresAt: 0 }
      copy = { id: 0, ...times, priority, key, queues: [], properties, body, origin }
    })
    return copy
  }
}
