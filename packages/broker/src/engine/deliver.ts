import type { Delivery } from '../api.ts'
import { type EntryView, emptyEntryView } from '../log/entry.ts'
import { isKept } from '../log/memory-area.ts'
import type { QueueRow } from '../queue/queue-row.ts'
import type { WaitingList } from '../queue/waiting-list.ts'
import { answerPulls, type Consumer, freeOf } from './consumer.ts'
import { copied, type Engine } from './engine.ts'
import type { EngineQueue } from './engine-queue.ts'
import { BAD_BYTES, HeadLoader, isServed } from './head-loader.ts'
import { deadLetterOf, readOrigin } from './origin.ts'
import { reachFor } from './reach.ts'
import { appendReturns, emptyMessageView, loadMessage, type MessageView } from './records.ts'
import { PUT_BACK } from './settle.ts'
import { type GiveUp, type Step, Tender } from './tender.ts'

/** Most deliveries of one queue in one turn; the other queues and sockets get theirs in between. */
const TURN_DELIVERIES_MAX = 1_000

/** And most bytes, but for the last one of them. */
const TURN_BYTES_MAX = 1 << 20

/** No further queue is begun in a turn after this time, ms. */
const TURN_MS = 8

/** Why a row is given up whose last delivery no consumer has answered. */
const KILLED = 'in delivery when the broker was killed'

/** Hands ready rows to consumers with credit, in turn. */
export class Deliverer {
  readonly consumers = new Map<EngineQueue, Consumer[]>()
  readonly #engine: Engine
  readonly #giveUp: GiveUp
  readonly #loader: HeadLoader
  readonly #tender: Tender
  readonly #entry = emptyEntryView()
  readonly #message = emptyMessageView()
  readonly #scheduled = new Set<EngineQueue>()
  /** A delivery that is told alone. */
  readonly #one: Delivery[] = []
  /** Delivered from the queue at hand in this turn. */
  #turnBytes = 0

  constructor(engine: Engine, giveUp: GiveUp) {
    this.#engine = engine
    this.#giveUp = giveUp
    const schedule = (queue: EngineQueue) => this.schedule(queue)
    this.#loader = new HeadLoader(engine, schedule)
    this.#tender = new Tender(engine, giveUp, this.#loader, schedule)
  }

  /** Delivers from this queue soon; several calls in one turn make one run. */
  schedule(queue: EngineQueue): void {
    if (!isServed(queue) || this.#scheduled.has(queue)) return
    this.#scheduled.add(queue)
    if (this.#scheduled.size === 1) this.#engine.os.clock.turn(() => this.#runScheduled())
  }

  /** No timer any more. */
  stop(): void {
    this.#tender.stop()
  }

  #runScheduled(): void {
    const queues = [...this.#scheduled]
    this.#scheduled.clear()
    const { clock } = this.#engine.os
    const until = clock.mono() + TURN_MS
    for (const [at, queue] of queues.entries()) {
      if (at > 0 && clock.mono() > until) return this.#later(queues.slice(at))
      this.#pump(queue)
    }
  }

  /** Before what was scheduled meanwhile. */
  #later(queues: readonly EngineQueue[]): void {
    const all = [...queues, ...this.#scheduled]
    const none = this.#scheduled.size === 0
    this.#scheduled.clear()
    for (const queue of all) this.#scheduled.add(queue)
    if (none) this.#engine.os.clock.turn(() => this.#runScheduled())
  }

  #pump(queue: EngineQueue): void {
    const { closed, log, state } = this.#engine
    const consumers = this.consumers.get(queue) ?? []
    if (closed || state.queues.get(queue.number) !== queue) return
    if (log.failure !== undefined) return consumers.forEach(answerPulls)
    if (queue.marking > 0 || queue.loading || queue.purging) return this.#watch(queue)
    const marks: QueueRow[] = []
    const step = this.#waitsForOne(queue) ? 'none' : this.#steps(queue, consumers, marks)
    if (marks.length > 0) this.#mark(queue, marks)
    else if (step === 'none') consumers.forEach(answerPulls)
    if (step === 'wait') this.#watch(queue)
    else if (marks.length === 0 && queue.tended) this.#tender.tend(queue)
    this.#tender.flush(queue)
    // A copy: a consumer may close itself or others while it is given its batch.
    for (const consumer of [...consumers]) this.#handOver(consumer)
  }

  #steps(queue: EngineQueue, consumers: Consumer[], marks: QueueRow[]): Step {
    this.#turnBytes = 0
    for (let count = 0; count < TURN_DELIVERIES_MAX; count++) {
      if (this.#turnBytes > TURN_BYTES_MAX) break
      const consumer = this.#nextConsumer(consumers, marks.length)
      if (consumer === undefined) return 'done'
      const step = this.#step(queue, consumer, marks)
      if (step !== 'done') return step
    }
    this.schedule(queue)
    return 'wait'
  }

  /** Who pulls must hear of it when what is under way fails with the log. */
  #watch(queue: EngineQueue): void {
    const { log } = this.#engine
    if (this.consumers.get(queue)?.some(({ pulls }) => pulls.length > 0) !== true) return
    log.onDurable((error) => {
      if (error) this.schedule(queue)
    })
  }

  /**
   * The next consumer with credit, of the highest priority, round robin; `marked` rows will want
   * credit too.
   */
  #nextConsumer(consumers: Consumer[], marked: number): Consumer | undefined {
    let free = 0
    for (let i = 0; i < consumers.length; i++) {
      const consumer = consumers[i]!
      const own = freeOf(consumer)
      if (own === 0) continue
      free += own
      if (free <= marked) continue
      // A lone consumer, the common case, needs no turn.
      if (consumers.length > 1) toEndOfItsLevel(consumers, i)
      return consumer
    }
    return undefined
  }

  /** Deals with the next ready row. */
  #step(queue: EngineQueue, consumer: Consumer, marks: QueueRow[]): Step {
    // Who asks for one gets of what the queue may keep; who waits for all, of the rest too.
    if (!consumer.active && queue.overflows && this.#tender.trim(queue) > 0) return 'done'
    const head = queue.head()
    if (head === undefined) return 'none'
    if (queue.mayExpire) {
      const step = this.#tender.look(queue, head, consumer.active)
      if (step !== 'keep') return step
    }
    if (head.id > queue.reach && !isKept(head)) {
      reachFor(this.#engine.log, queue, head.id)
      return 'wait'
    }
    const suspect = queue.isSuspect(head)
    if (marks.length > 0 && !suspect) return 'wait'
    if (!suspect && isSpent(head, queue)) {
      const row = queue.take(head, 'settling')
      this.#spent(queue, row, row.attempts, row.crashes > 0 ? KILLED : PUT_BACK)
      return 'done'
    }
    const alone = isForAlone(head, suspect)
    if (alone && marks.length + queue.counts.unsettled > 0) return 'none'
    if (suspect) {
      marks.push(queue.take(head, 'marking'))
      return alone ? 'wait' : 'done'
    }
    if (alone) queue.alone = head.id
    const step = this.#deliver(queue, head, consumer)
    return step === 'done' && alone ? 'none' : step
  }

  #spent(queue: EngineQueue, row: QueueRow, attempts: number, cause: string): void {
    const failed = { row, attempts, cause, reason: 'delivery_limit' } as const
    this.#giveUp.giveUp(queue, failed).catch(() => undefined)
  }

  /** A row is delivered alone and not settled yet. */
  #waitsForOne(queue: EngineQueue): boolean {
    const row = queue.rows.get(queue.alone)
    const waits = row !== undefined && (row.state === 'unsettled' || row.state === 'settling')
    if (!waits) queue.alone = 0
    return waits
  }

  #deliver(queue: EngineQueue, head: QueueRow | WaitingList, consumer: Consumer): Step {
    const found = this.#engine.reader.cached(head.position, this.#entry)
    if (found === 'absent') {
      this.#loader.load(queue, head.position, head.size)
      return 'wait'
    }
    if (found === 'damaged') {
      this.#loader.parkDamaged(queue, queue.take(head, 'settling'), BAD_BYTES)
      return 'done'
    }
    const row = queue.take(head, 'unsettled')
    row.consumer = consumer.number
    consumer.unsettled.add(row.id)
    loadMessage(this.#entry, this.#message)
    const pulled = consumer.pulls.length > 0 ? consumer.pulls.shift() : undefined
    this.#engine.counters.delivered++
    this.#turnBytes += row.size
    const part = pulled === undefined && consumer.views ? viewed : copied
    const delivery = deliveryOf(queue, row, this.#entry, this.#message, part)
    if (pulled !== undefined) pulled(delivery)
    else if (!consumer.views) consumer.batch.push(delivery)
    else {
      this.#one[0] = delivery
      this.#tell(consumer, this.#one)
      this.#one.length = 0
    }
    return 'done'
  }

  /**
   * Writes down the attempts of rows that may have been in delivery at a crash, before they go out.
   */
  #mark(queue: EngineQueue, rows: QueueRow[]): void {
    const { maxAttempts } = queue.options
    const marked: QueueRow[] = []
    for (const row of rows) {
      const attempts = row.attempts + 1
      if (!isOver(attempts, maxAttempts)) {
        marked.push(row)
        continue
      }
      queue.move(row, 'settling')
      this.#spent(queue, row, attempts, KILLED)
    }
    if (marked.length === 0) return this.schedule(queue)
    queue.marking += marked.length
    const items = marked.map(({ id, attempts, crashes }) => {
      const counted = { attempts: attempts + 1, crashes: crashes + 1 }
      return { id, state: 'ready' as const, ...counted, dueAt: 0, cause: '' }
    })
    appendReturns(this.#engine.log, queue.number, items)
    this.#engine.log.onDurable(() => {
      queue.marking -= marked.length
      this.schedule(queue)
    })
  }

  #handOver(consumer: Consumer): void {
    if (consumer.batch.length === 0) return
    const batch = consumer.batch
    consumer.batch = []
    this.#tell(consumer, batch)
  }

  #tell(consumer: Consumer, batch: Delivery[]): void {
    if (consumer.closed) return
    try {
      consumer.onDeliveries(batch)
    } catch (error) {
      this.#engine.warn(`A consumer of ${consumer.queue.name} threw: ${String(error)}`)
    }
  }
}

/** Behind the others of its priority. */
function toEndOfItsLevel(consumers: Consumer[], at: number): void {
  const consumer = consumers[at]!
  let end = at
  while (consumers[end + 1]?.priority === consumer.priority) end++
  consumers.copyWithin(at, at + 1, end + 1)
  consumers[end] = consumer
}

/**
 * So many attempts, the last one of them cut off by a crash, are all. The first crash counts for
 * all up to the reach, delivered or not: alone it gives up nothing.
 */
function isOver(attempts: number, maxAttempts: number): boolean {
  return maxAttempts > 0 && attempts > 1 && attempts >= maxAttempts
}

/**
 * Its last attempt was cut off by a crash, and an orderly stop has counted that since; or it was
 * put back so often that a limit that is lower now has no delivery left.
 */
function isSpent(head: QueueRow | WaitingList, { options }: EngineQueue): boolean {
  if (!('crashes' in head) || !isOver(head.attempts, options.maxAttempts)) return false
  return head.crashes > 0 || (options.countRequeues && !head.lasting)
}

/** Two crashes in a row had it in delivery: it may be the one that kills. */
function isForAlone(head: QueueRow | WaitingList, suspect: boolean): boolean {
  const crashes = 'crashes' in head ? head.crashes : 0
  return crashes + (suspect ? 1 : 0) >= 2
}

export function deliveryOf(
  queue: EngineQueue,
  row: Pick<QueueRow, 'id' | 'attempts' | 'redelivered' | 'history'>,
  entry: EntryView,
  message: MessageView,
  part = copied,
): Delivery {
  const { bytes } = entry
  const { time, propertiesAt, bodyAt, end } = message
  const delivery = {
    id: row.id,
    queue: queue.name,
    body: part(bytes, bodyAt, end),
    properties: part(bytes, propertiesAt, bodyAt),
    attempts: row.attempts,
    redelivered: row.redelivered,
    time,
  }
  if (row.history.length === 0 && message.originBytes === 0) return delivery
  const deadLetter = message.originBytes > 0 && deadLetterOf(readOrigin(bytes, message))
  return { ...delivery, ...causeOf(row), ...(deadLetter && { deadLetter }) }
}

function viewed(bytes: Uint8Array, from: number, to: number): Uint8Array {
  return bytes.subarray(from, to)
}

function causeOf({ history }: Pick<QueueRow, 'history'>): { cause?: string } {
  const last = history.at(-1)
  return last === undefined ? {} : { cause: last.cause }
}
