import type { Settlement } from '../api.ts'
import { BrokerError } from '../errors.ts'
import { isKept } from '../log/memory-area.ts'
import { cutCause } from '../queue/history.ts'
import type { QueueRow } from '../queue/queue-row.ts'
import { nextStep, retryDelayMs } from '../queue/redelivery.ts'
import type { Consumer } from './consumer.ts'
import type { DeadLetters, OpenBatch } from './dead-letter.ts'
import type { Engine } from './engine.ts'
import type { EngineQueue } from './engine-queue.ts'
import { appendReturns, appendSettle, type NewReturn, SETTLED } from './records.ts'

/** Why a row is given up that its consumers never settled. */
export const PUT_BACK = 'put back more often than its queue allows'

/** A delivery that is settled in a batch. */
interface Taken {
  consumer: Consumer
  id: number
  /** It counts as settled. */
  done: boolean
}

/** Writes down what consumers say; a row leaves its queue only when that is on disk. */
export class Settler {
  readonly #engine: Engine
  readonly #deadLetters: DeadLetters
  /** What a batch has taken from consumers, until it is known that it will end. */
  readonly #taken = new WeakMap<OpenBatch, Taken[]>()

  constructor(engine: Engine, deadLetters: DeadLetters) {
    this.#engine = engine
    this.#deadLetters = deadLetters
  }

  /** Resolves when the outcomes are durable. */
  async settle(consumer: Consumer, settlements: readonly Settlement[]): Promise<void> {
    this.check(settlements)
    const givenUp = this.#write(consumer, settlements)
    await Promise.all([this.#engine.log.durable(), ...givenUp])
  }

  /**
   * Writes the outcomes as part of a batch; they are known to be good. Rejects with
   * `SUBSCRIPTION_CLOSED` when the consumer is gone: its messages come again, so nothing that came
   * of them may take effect. What the batch has taken from others is given back then.
   */
  async settleWith(
    consumer: Consumer,
    settlements: readonly Settlement[],
    batch: OpenBatch,
  ): Promise<void> {
    const taken = this.#taken.get(batch) ?? []
    this.#taken.set(batch, taken)
    if (consumer.closed) {
      this.#giveBack(taken)
      const text = `the subscription to ${consumer.queue.name} is closed`
      throw new BrokerError('SUBSCRIPTION_CLOSED', `Cannot settle in a batch: ${text}`)
    }
    for (const { id, outcome } of settlements) {
      if (consumer.unsettled.has(id)) taken.push({ consumer, id, done: outcome === 'done' })
    }
    await Promise.all(this.#write(consumer, settlements, batch))
  }

  /** Throws `ARGUMENT` before anything is done: bad input is refused as a whole. */
  check(settlements: readonly Settlement[]): void {
    for (const settlement of settlements) checkSettlement(settlement)
  }

  #write(
    consumer: Consumer,
    settlements: readonly Settlement[],
    batch?: OpenBatch,
  ): Promise<void>[] {
    const { queue } = consumer
    const done: number[] = []
    const returns: NewReturn[] = []
    const givenUp: Promise<void>[] = []
    for (const settlement of settlements) {
      const row = this.#take(consumer, settlement.id)
      if (row === undefined) continue
      if (settlement.outcome === 'done') {
        if (batch === undefined && isKept(row)) this.#forget(queue, row)
        else done.push(row.id)
      } else if (settlement.outcome === 'later') returns.push(this.#later(row, settlement.delayMs))
      else if (settlement.outcome === 'requeue') {
        if (settlement.unseen && batch === undefined) {
          returns.push(backAtOnce(queue, row, row.crashes))
          continue
        }
        // It was answered, so no crash counts any more.
        givenUp.push(...this.#putBack(queue, row, 0, returns, batch))
      } else givenUp.push(...this.#failed(queue, row, settlement, returns, batch))
    }
    const { log, counters } = this.#engine
    const number = batch?.number ?? 0
    if (done.length > 0) appendSettle(log, queue.number, done, SETTLED.done, number)
    if (returns.length > 0) appendReturns(log, queue.number, returns, number)
    if (batch === undefined) this.#holdBack(queue, returns)
    counters.settled += done.length
    return givenUp
  }

  /** It was never written, so nobody must be told on disk that it is gone. */
  #forget(queue: EngineQueue, { id }: QueueRow): void {
    this.#engine.state.drop(queue, id)
    this.#engine.counters.settled++
  }

  /** What a consumer leaves behind is put back; what it has not even seen does not count. */
  async release(consumer: Consumer): Promise<void> {
    const { queue } = consumer
    const returns: NewReturn[] = []
    const givenUp: Promise<void>[] = []
    const unseen = new Set(consumer.batch.map(({ id }) => id))
    for (const id of consumer.unsettled) {
      const row = queue.rows.get(id)
      if (row?.consumer !== consumer.number || row.state !== 'unsettled') continue
      queue.move(row, 'settling')
      if (unseen.has(id)) returns.push(backAtOnce(queue, row, row.crashes))
      else givenUp.push(...this.#putBack(queue, row, row.crashes, returns))
    }
    consumer.unsettled.clear()
    const { log } = this.#engine
    if (log.failure !== undefined || returns.length + givenUp.length === 0) return
    if (returns.length > 0) appendReturns(log, queue.number, returns)
    this.#holdBack(queue, returns)
    await Promise.all([log.durable(), ...givenUp])
  }

  /**
   * Back to its own place: as it is, at once; or counted, and then it is no news before that is on
   * disk.
   */
  #putBack(
    queue: EngineQueue,
    row: QueueRow,
    crashes: number,
    returns: NewReturn[],
    batch?: OpenBatch,
  ): Promise<void>[] {
    const { countRequeues, maxAttempts } = queue.options
    if (!countRequeues && batch === undefined) {
      returns.push(backAtOnce(queue, row, crashes))
      return []
    }
    const attempts = row.attempts + (countRequeues ? 1 : 0)
    if (countRequeues && nextStep(attempts, maxAttempts) === 'give-up') {
      const failed = { row, attempts, cause: PUT_BACK, reason: 'delivery_limit', batch } as const
      return [this.#deadLetters.giveUp(queue, failed)]
    }
    returns.push({ id: row.id, state: 'ready', attempts, crashes, dueAt: 0, cause: '' })
    return []
  }

  /** Nothing overtakes what is put back and counted: it goes out when the count is on disk. */
  #holdBack(queue: EngineQueue, returns: readonly NewReturn[]): void {
    if (!queue.options.countRequeues) return
    const held = returns.filter(({ state }) => state === 'ready').length
    if (held === 0) return
    queue.marking += held
    // Applying the entry has it delivered from again.
    this.#engine.log.onDurable(() => {
      queue.marking -= held
    })
  }

  #giveBack(taken: readonly Taken[]): void {
    const closed = new Set<Consumer>()
    for (const { consumer, id, done } of taken) {
      const row = consumer.queue.rows.get(id)
      if (row?.state !== 'settling') continue
      consumer.queue.move(row, 'unsettled')
      consumer.unsettled.add(id)
      if (done) this.#engine.counters.settled--
      if (consumer.closed) closed.add(consumer)
    }
    for (const consumer of closed) this.release(consumer).catch(() => undefined)
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
    batch: OpenBatch | undefined,
  ): Promise<void>[] {
    const attempts = row.attempts + 1
    const cause = cutCause(settlement.cause || 'no cause given')
    const { maxAttempts, retryFirstMs, retryCapMs } = queue.options
    const over = settlement.outcome === 'reject' || nextStep(attempts, maxAttempts) === 'give-up'
    if (over) {
      const reason = settlement.outcome === 'reject' ? 'rejected' : 'delivery_limit'
      return [this.#deadLetters.giveUp(queue, { row, attempts, cause, reason, batch })]
    }
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
}

/** Back to its own place, as it is. */
function backAtOnce(queue: EngineQueue, row: QueueRow, crashes: number): NewReturn {
  const { id, attempts } = row
  queue.requeue(row, crashes)
  return { id, state: 'ready', attempts, crashes, dueAt: 0, cause: '' }
}

/** Before anything of the batch is done: it is all or nothing for bad input. */
function checkSettlement(settlement: Settlement): void {
  const { id, outcome } = settlement
  if (outcome === 'done') return
  const wrong = (text: string) => new BrokerError('ARGUMENT', `Cannot settle ${id}: ${text}`)
  if (!['requeue', 'retry', 'later', 'reject'].includes(outcome)) {
    throw wrong(`outcome is ${String(outcome)}`)
  }
  const { delayMs, cause = '' } = settlement as { delayMs?: unknown; cause?: unknown }
  if (typeof cause !== 'string') throw wrong('cause is no string')
  if (delayMs === undefined && outcome !== 'later') return
  if (!(typeof delayMs === 'number' && delayMs >= 0)) throw wrong(`delayMs is ${String(delayMs)}`)
}
