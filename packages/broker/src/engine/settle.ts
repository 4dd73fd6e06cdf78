import type { Settlement } from '../api.ts'
import { BrokerError } from '../errors.ts'
import type { QueueRow } from '../queue/ack-queue.ts'
import { cutCause, withCause } from '../queue/history.ts'
import { nextStep, retryDelayMs } from '../queue/redelivery.ts'
import type { Consumer } from './consumer.ts'
import { copied, type Engine, withEntry } from './engine.ts'
import { encodeOrigin } from './origin.ts'
import { type Publisher, reserve } from './publish.ts'
import { reachFor } from './reach.ts'
import {
  appendMessage,
  appendReturns,
  appendSettle,
  emptyMessageView,
  loadMessage,
  messageBytes,
  type NewMessage,
  type NewReturn,
} from './records.ts'
import type { EngineQueue } from './state.ts'

/** Writes down what consumers say; a row leaves its queue only when that is on disk. */
export class Settler {
  readonly #engine: Engine
  readonly #publisher: Publisher
  readonly #givingUp = new Set<Promise<void>>()

  constructor(engine: Engine, publisher: Publisher) {
    this.#engine = engine
    this.#publisher = publisher
  }

  /** Resolves when the outcomes are durable. */
  async settle(consumer: Consumer, batch: readonly Settlement[]): Promise<void> {
    for (const settlement of batch) checkSettlement(settlement)
    const { queue } = consumer
    const done: number[] = []
    const returns: NewReturn[] = []
    const givenUp: Promise<void>[] = []
    for (const settlement of batch) {
      const row = this.#take(consumer, settlement.id)
      if (row === undefined) continue
      if (settlement.outcome === 'done') done.push(row.id)
      else if (settlement.outcome === 'later') returns.push(this.#later(row, settlement.delayMs))
      else givenUp.push(...this.#failed(queue, row, settlement, returns))
    }
    const { log, counters } = this.#engine
    if (done.length > 0) appendSettle(log, queue.number, done)
    if (returns.length > 0) appendReturns(log, queue.number, returns)
    counters.settled += done.length
    await Promise.all([log.durable(), ...givenUp])
  }

  /** What a consumer leaves behind goes back, its attempts unchanged. */
  async release(consumer: Consumer): Promise<void> {
    const { queue } = consumer
    const returns: NewReturn[] = []
    for (const id of consumer.unsettled) {
      const row = queue.rows.get(id)
      if (row?.consumer !== consumer.number || row.state !== 'unsettled') continue
      queue.move(row, 'settling')
      returns.push({ id, state: 'ready', attempts: row.attempts, dueAt: 0, cause: '' })
    }
    consumer.unsettled.clear()
    const { log } = this.#engine
    if (returns.length === 0 || log.failure !== undefined) return
    appendReturns(log, queue.number, returns)
    await log.durable()
  }

  /** Dead-letters a row in state `settling`, or parks it where no dead-letter queue takes it. */
  giveUp(queue: EngineQueue, row: QueueRow, attempts: number, cause: string): Promise<void> {
    const work = this.#giveUp(queue, row, attempts, cause)
    this.#givingUp.add(work)
    const over = () => this.#givingUp.delete(work)
    work.then(over, over)
    return work
  }

  /** Resolves when nothing is being dead-lettered any more; before a stop, for it writes to the log. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#givingUp)
  }

  async #giveUp(queue: EngineQueue, row: QueueRow, attempts: number, cause: string): Promise<void> {
    const { log, state } = this.#engine
    const { deadLetter } = queue.options
    const target = deadLetter === null ? undefined : state.byName.get(deadLetter)
    if (target === undefined || !(await this.#deadLetter(queue, target, row, attempts, cause))) {
      if (queue.rows.get(row.id) !== row) return
      const parked = { id: row.id, state: 'parked' as const, attempts, dueAt: 0, cause }
      appendReturns(log, queue.number, [parked])
    }
    await log.durable()
  }

  #take(consumer: Consumer, id: number): QueueRow | undefined {
    const row = consumer.queue.rows.get(id)
    if (!consumer.unsettled.delete(id) || row === undefined) return undefined
    consumer.queue.move(row, 'settling')
    return row
  }

  #later(row: QueueRow, delayMs: number): NewReturn {
    const { id, attempts } = row
    return { id, state: 'delayed', attempts, dueAt: this.#dueAt(delayMs), cause: '' }
  }

  #failed(
    queue: EngineQueue,
    row: QueueRow,
    settlement: { outcome: 'retry' | 'reject'; delayMs?: number; cause?: string },
    returns: NewReturn[],
  ): Promise<void>[] {
    const attempts = row.attempts + 1
    const cause = cutCause(settlement.cause || 'no cause given')
    const { maxAttempts, retryFirstMs, retryCapMs } = queue.options
    const over = settlement.outcome === 'reject' || nextStep(attempts, maxAttempts) === 'give-up'
    if (over) return [this.giveUp(queue, row, attempts, cause)]
    const usual = { firstMs: retryFirstMs, capMs: retryCapMs }
    const delayMs = settlement.delayMs ?? retryDelayMs(attempts, usual)
    returns.push({ id: row.id, state: 'delayed', attempts, dueAt: this.#dueAt(delayMs), cause })
    return []
  }

  #dueAt(delayMs: number): number {
    const { delayMsMax } = this.#engine.limits
    // Rounded up: never early.
    return Math.ceil(this.#engine.time() + Math.min(delayMs, delayMsMax))
  }

  async #deadLetter(
    queue: EngineQueue,
    target: EngineQueue,
    row: QueueRow,
    attempts: number,
    cause: string,
  ): Promise<boolean> {
    const message = await this.#copyOf(queue, row, attempts, cause)
    if (message === undefined) return false
    const bytes = messageBytes(message)
    return new Promise((resolve) => {
      const go = () => {
        const gone = queue.rows.get(row.id) !== row
        resolve(!gone && this.#appendTo(target, message, bytes))
      }
      this.#publisher.whenRoom(bytes, go, () => resolve(false))
    })
  }

  /** False when the queue has no room for it. */
  #appendTo(target: EngineQueue, message: NewMessage, bytes: number): boolean {
    const { log, state } = this.#engine
    const full =
      target.length + target.incoming.messages >= target.options.maxMessages ||
      target.bytes + target.incoming.bytes + bytes > target.options.maxBytes
    if (full || log.failure !== undefined) return false
    message.id = state.nextId++
    message.queues = [target.number]
    reserve([target], bytes, 1)
    reachFor(log, target, message.id)
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
    await withEntry(this.#engine, row.position, row.size, (entry) => {
      loadMessage(entry, view)
      const properties = copied(entry.bytes, view.propertiesAt, view.bodyAt)
      const body = copied(entry.bytes, view.bodyAt, view.end)
      const key = view.key
      copy = { id: 0, time: Math.floor(now), key, queues: [], dueAt: 0, properties, body, origin }
    })
    return copy
  }
}

/** Before anything of the batch is done: it is all or nothing for bad input. */
function checkSettlement(settlement: Settlement): void {
  const { id, outcome } = settlement
  const wrong = (text: string) => new BrokerError('ARGUMENT', `Cannot settle ${id}: ${text}`)
  if (!['done', 'retry', 'later', 'reject'].includes(outcome)) {
    throw wrong(`outcome is ${String(outcome)}`)
  }
  const { delayMs, cause = '' } = settlement as { delayMs?: unknown; cause?: unknown }
  if (typeof cause !== 'string') throw wrong('cause is no string')
  if (delayMs === undefined && outcome !== 'later') return
  if (!(typeof delayMs === 'number' && delayMs >= 0)) throw wrong(`delayMs is ${String(delayMs)}`)
}
