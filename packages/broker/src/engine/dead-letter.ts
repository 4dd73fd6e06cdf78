import { withCause } from '../queue/history.ts'
import type { QueueRow } from '../queue/queue-row.ts'
import { copied, type Engine, withEntryAtLast } from './engine.ts'
import { encodeOrigin } from './origin.ts'
import { type Intake, reserve } from './publish.ts'
import { reachFor } from './reach.ts'
import {
  appendMessage,
  appendReturns,
  emptyMessageView,
  loadMessage,
  messageBytes,
  type NewMessage,
} from './records.ts'
import type { EngineQueue } from './state.ts'

/** A batch that something is written into. */
export interface OpenBatch {
  readonly number: number
  /** The number in the batch of one more message, which goes to `queue`. */
  next(queue: number): number
}

interface Failed {
  readonly row: QueueRow
  readonly attempts: number
  readonly cause: string
  readonly batch: OpenBatch | undefined
}

/** Sends what failed too often to its dead-letter queue, or parks it. */
export class DeadLetters {
  readonly #engine: Engine
  readonly #intake: Intake
  readonly #givingUp = new Set<Promise<void>>()

  constructor(engine: Engine, intake: Intake) {
    this.#engine = engine
    this.#intake = intake
  }

  /** Dead-letters a row in state `settling`, or parks it where no dead-letter queue takes it. */
  giveUp(
    queue: EngineQueue,
    row: QueueRow,
    attempts: number,
    cause: string,
    batch?: OpenBatch,
  ): Promise<void> {
    const work = this.#giveUp(queue, { row, attempts, cause, batch })
    this.#givingUp.add(work)
    const over = () => this.#givingUp.delete(work)
    work.then(over, over)
    return work
  }

  /** Resolves when nothing is being dead-lettered; before a stop, for it writes to the log. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#givingUp)
  }

  async #giveUp(queue: EngineQueue, failed: Failed): Promise<void> {
    const { log, state } = this.#engine
    const { deadLetter } = queue.options
    const target = deadLetter === null ? undefined : state.byName.get(deadLetter)
    const { row, attempts, cause, batch } = failed
    if (target === undefined || !(await this.#deadLetter(queue, target, failed))) {
      if (queue.rows.get(row.id) !== row) return
      const parked = { id: row.id, state: 'parked' as const, attempts, dueAt: 0, cause }
      appendReturns(log, queue.number, [parked], batch?.number)
    }
    if (batch === undefined) await log.durable()
  }

  async #deadLetter(queue: EngineQueue, target: EngineQueue, failed: Failed): Promise<boolean> {
    const { row, attempts, cause, batch } = failed
    const message = await this.#copyOf(queue, row, attempts, cause).catch((error) => {
      // It cannot be read: it is parked, in its place.
      this.#engine.warn(`Dead-lettering message ${row.id} of ${queue.name}: ${String(error)}`)
      return undefined
    })
    if (message === undefined) return false
    const bytes = messageBytes(message)
    return new Promise((resolve) => {
      const go = () => {
        const gone = queue.rows.get(row.id) !== row
        resolve(!gone && this.#appendTo(target, message, batch))
      }
      this.#intake.whenRoom(bytes, go, () => resolve(false))
    })
  }

  /** False when the queue has no room for it. */
  #appendTo(target: EngineQueue, copy: NewMessage, batch: OpenBatch | undefined): boolean {
    const { log, state } = this.#engine
    const message = { ...copy, queues: [target.number] }
    if (batch !== undefined) message.batch = batch.number
    const bytes = messageBytes(message)
    const full =
      target.length + target.incoming.messages >= target.options.maxMessages ||
      target.bytes + target.incoming.bytes + bytes > target.options.maxBytes
    if (full || log.failure !== undefined) return false
    message.id = batch === undefined ? state.nextId++ : batch.next(target.number)
    reserve(target, bytes, 1)
    if (batch === undefined) reachFor(log, target, message.id)
    appendMessage(log, message)
    return true
  }

  async #copyOf(
    queue: EngineQueue,
    row: QueueRow,
    attempts: number,
    cause: string,
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
      const key = view.key
      copy = { id: 0, time: Math.floor(now), key, queues: [], dueAt: 0, properties, body, origin }
    })
    return copy
  }
}
