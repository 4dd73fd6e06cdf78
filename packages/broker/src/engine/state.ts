import type { Limits } from '../limits.ts'
import type { EntryView } from '../log/entry.ts'
import type { Prepared } from '../prepared/table.ts'
import type { QueueRow } from '../queue/queue-row.ts'
import { DueHeap } from '../schedule/due-heap.ts'
import {
  type BatchEffects,
  Batches,
  type HeldAction,
  type HeldMessage,
  queuesOf,
} from './batches.ts'
import { DeadLetterLinks } from './dead-letter-links.ts'
import { EngineQueue } from './engine-queue.ts'
import type { LifeSpan } from './life-spans.ts'
import type { Origin } from './origin.ts'
import { readOrigin } from './origin.ts'
import { PURGE, readPurge } from './purge-entry.ts'
import { readOptions, type StoredQueueOptions, storedOptions } from './queue-options.ts'
import { eachRecord, RECORD } from './record-entry.ts'
import { RecordTable } from './record-table.ts'
import {
  batchOf,
  CHECKED,
  END,
  eachReturn,
  eachSettled,
  emptyMessageView,
  loadMessage,
  MESSAGE,
  MOVED,
  type NewReturn,
  PREPARE,
  QUEUE,
  QUEUE_CHANGED,
  QUEUE_DELETED,
  REACH,
  RETURN,
  readEnd,
  readJson,
  readReach,
  SETTLE,
} from './records.ts'

/** Where live messages are counted, so that a segment without any can be freed. */
export interface LiveCounter {
  add(position: number, size: number, by: 1 | -1): void
}

/**
 * All queues and what is in them: a function of the log. The same code applies an entry when it is
 * read back at start and when its group has just become durable.
 */
export class State implements BatchEffects {
  readonly queues = new Map<number, EngineQueue>()
  readonly byName = new Map<string, EngineQueue>()
  readonly due = new DueHeap()
  readonly batches: Batches
  readonly records = new RecordTable()
  readonly links = new DeadLetterLinks()
  nextId = 1
  nextQueue = 1
  /** Queues that an applied entry may have given something to deliver. */
  readonly touched = new Set<EngineQueue>()
  live: LiveCounter = { add: () => undefined }
  /** False while the log of an earlier life is read. */
  present = false
  /** Messages with ids from this one on have become visible in this life. */
  firstIdOfLife = 0
  /** Delayed messages of batches that are not ended, once per queue. */
  heldDelayed = 0
  readonly #limits: Limits
  readonly #message = emptyMessageView()

  constructor(limits: Limits) {
    this.#limits = limits
    this.batches = new Batches(this, limits.decidedMax)
  }

  apply(entry: EntryView): void {
    switch (entry.type) {
      case MESSAGE:
        return this.#applyMessage(entry)
      case QUEUE:
        return this.#applyQueue(entry)
      case REACH:
        return this.#applyReach(entry)
      case SETTLE:
        return this.#applySettle(entry)
      case RETURN:
      case PREPARE:
      case END:
        return this.batches.apply(batchOf(entry), actionOf(entry))
      case PURGE:
        return this.#applyPurge(entry)
      case RECORD:
        return eachRecord(entry, (key, value) => this.records.set(key, value))
      case CHECKED: {
        const { batch, checks, nextAt, parked } = readJson(entry) as Checked
        return this.batches.checked(batch, checks, nextAt, parked)
      }
      default:
        throw new RangeError(
          `Reading the log: entry type ${entry.type} at ${entry.position} unknown`,
        )
    }
  }

  addQueue(number: number, name: string, options: StoredQueueOptions): EngineQueue {
    const queue = new EngineQueue(number, name, options, this.#limits.asidePerQueueMax)
    this.queues.set(number, queue)
    this.byName.set(name, queue)
    this.links.add(queue)
    this.nextQueue = Math.max(this.nextQueue, number + 1)
    return queue
  }

  /** From now on it does what these say. */
  changeQueue(queue: EngineQueue, options: StoredQueueOptions, spans: readonly LifeSpan[]): void {
    this.links.remove(queue)
    queue.change(options, spans)
    this.links.add(queue)
  }

  /** Puts back a row read from a checkpoint. */
  restoreRow(queue: EngineQueue, row: QueueRow): void {
    queue.restore(row)
    queue.weigh(row, 1)
    this.live.add(row.position, row.size, 1)
    if (row.state === 'delayed') this.due.push(row.dueAt, queue.number, row.id)
  }

  /** Takes one message out of one queue for good. */
  drop(queue: EngineQueue, id: number): void {
    const gone = queue.remove(id)
    if (gone === undefined) return
    this.live.add(gone.position, gone.size, -1)
    this.touched.add(queue)
  }

  /** Rows waiting for their time. Sweeps the schedule when most of it is of rows that are gone. */
  delayed(): number {
    let delayed = 0
    for (const { counts } of this.queues.values()) delayed += counts.delayed
    if (this.due.length > 2 * delayed) {
      this.due.compact((number, id, dueAt) => {
        const row = this.queues.get(number)?.rows.get(id)
        return row?.state === 'delayed' && row.dueAt === dueAt
      })
    }
    return delayed + this.heldDelayed
  }

  #applyMessage(entry: EntryView): void {
    const message = this.#message
    loadMessage(entry, message)
    if (entry.flags & MOVED) return this.#applyMoved(entry)
    if (message.batch > 0) return this.#hold(entry)
    const { id, key, dueAt, expiresAt, priority, queuesAt } = message
    const body = message.end - message.bodyAt
    if (message.originBytes > 0) this.#leaveOrigin(readOrigin(entry.bytes, message))
    for (let i = 0; i < entry.aux; i++) {
      const queue = this.#queueFor(entry.view.getUint32(queuesAt + 4 * i, true))
      // Also of one that a checkpoint has, whose head was written before.
      if (queue !== undefined && expiresAt > 0) queue.expiring = true
      if (queue === undefined || this.#known(queue, id, priority)) continue
      const tag = queue.weighsBodies ? body : key
      queue.add(id, entry.position, entry.length, tag, dueAt, queue.levelOf(priority))
      if (this.present) {
        queue.incoming.messages--
        queue.incoming.bytes -= entry.length
        queue.incoming.bodies -= body
      }
      if (dueAt > 0) this.due.push(dueAt, queue.number, id)
      this.live.add(entry.position, entry.length, 1)
      this.touched.add(queue)
    }
    if (id >= this.nextId) this.nextId = id + 1
  }

  /** Undefined where the queue is deleted. */
  #queueFor(number: number): EngineQueue | undefined {
    if (!this.present && number >= this.nextQueue) this.#keepLost(number + 1)
    return this.queues.get(number)
  }

  /** Queues with numbers below this one were declared in entries that are damaged. */
  #keepLost(below: number): void {
    while (this.nextQueue < below) {
      const name = `lost-${this.nextQueue}`
      this.addQueue(this.nextQueue, name, storedOptions('Cannot keep a queue', {}))
    }
  }

  /** A checkpoint is taken while the log goes on, so what follows it may be in it already. */
  #known(queue: EngineQueue, id: number, priority: number): boolean {
    if (this.present) return false
    return queue.waiting.lastIdOf(queue.levelOf(priority)) >= id || queue.rows.has(id)
  }

  #leaveOrigin(origin: Origin): void {
    const queue = this.queues.get(origin.number)
    if (queue !== undefined) this.drop(queue, origin.id)
  }

  #hold(entry: EntryView): void {
    const { id, batch, key, dueAt, expiresAt, priority, queuesAt, originBytes } = this.#message
    const origin = originBytes > 0 ? readOrigin(entry.bytes, this.#message) : null
    const { position, length: size } = entry
    const body = this.#message.end - this.#message.bodyAt
    const queues = queuesOf(entry, queuesAt)
    const expires = expiresAt > 0
    const held = { position, size, body, key, dueAt, expires, priority, queues, origin }
    this.batches.hold(batch, id, held, this.present)
  }

  #applyMoved(entry: EntryView): void {
    const { id, batch, queuesAt } = this.#message
    if (batch > 0) return this.batches.relocate(batch, id, entry.position)
    for (let i = 0; i < entry.aux; i++) {
      const queue = this.queues.get(entry.view.getUint32(queuesAt + 4 * i, true))
      const before = queue?.relocate(id, entry.position)
      if (before === undefined) continue
      this.live.add(before.position, before.size, -1)
      this.live.add(entry.position, before.size, 1)
    }
  }

  #applySettle(entry: EntryView): void {
    const batch = batchOf(entry)
    if (batch !== 0) return this.batches.apply(batch, actionOf(entry))
    const queue = this.queues.get(entry.aux)
    if (queue !== undefined) eachSettled(entry, (id) => this.drop(queue, id))
  }

  #applyPurge(entry: EntryView): void {
    const queue = this.queues.get(entry.aux)
    if (queue === undefined) return
    const { upTo, kept } = readPurge(entry)
    queue.purging = false
    queue.purged = 0
    queue.purge(upTo, kept, ({ position, size }) => {
      queue.purged++
      this.live.add(position, size, -1)
    })
    this.touched.add(queue)
  }

  keep({ queues, position, size, dueAt }: HeldMessage, by: 1 | -1): void {
    for (const _ of queues) this.live.add(position, size, by)
    if (dueAt > 0) this.heldDelayed += by * queues.length
  }

  expect({ queues, size, body = 0 }: HeldMessage, by: 1 | -1): void {
    for (const number of queues) {
      const incoming = this.queues.get(number)?.incoming
      if (incoming === undefined) continue
      incoming.messages += by
      incoming.bytes += by * size
      incoming.bodies += by * body
    }
  }

  show(message: HeldMessage, id: number): void {
    const { position, size, body = 0, key, dueAt, priority = 0, queues, origin } = message
    if (dueAt > 0) this.heldDelayed -= queues.length
    if (origin !== null) this.#leaveOrigin(origin)
    for (const number of queues) {
      const queue = this.#queueFor(number)
      if (queue !== undefined && message.expires) queue.expiring = true
      if (queue === undefined || this.#known(queue, id, priority)) {
        this.live.add(position, size, -1)
        continue
      }
      const tag = queue.weighsBodies ? body : key
      queue.add(id, position, size, tag, dueAt, queue.levelOf(priority))
      if (dueAt > 0) this.due.push(dueAt, number, id)
      this.touched.add(queue)
    }
    if (id >= this.nextId) this.nextId = id + 1
  }

  settle(number: number, ids: readonly number[]): void {
    const queue = this.queues.get(number)
    if (queue !== undefined) for (const id of ids) this.drop(queue, id)
  }

  bringBack(number: number, items: readonly NewReturn[], at: number): void {
    const queue = this.queues.get(number)
    if (queue === undefined) return
    for (const item of items) {
      const row = queue.bringBack({ crashes: 0, ...item, at }, this.present)
      if (row?.state === 'delayed') this.due.push(row.dueAt, queue.number, row.id)
    }
    this.touched.add(queue)
  }

  #applyQueue(entry: EntryView): void {
    if (entry.flags & QUEUE_DELETED) return this.#deleteQueue(entry.aux)
    if (entry.flags & QUEUE_CHANGED) return this.#changed(entry)
    if (this.queues.has(entry.aux)) return
    if (!this.present) this.#keepLost(entry.aux)
    const { name, options } = readJson(entry) as { name: string; options: StoredQueueOptions }
    this.addQueue(entry.aux, name, readOptions(options))
  }

  /** Of this life it was in effect when it was written, and another one may be since. */
  #changed(entry: EntryView): void {
    const queue = this.#queueFor(entry.aux)
    if (queue === undefined || this.present) return
    const { options, spans } = readJson(entry) as Changed
    // Ids of what was never written are not given again: they would come under a former life.
    this.nextId = Math.max(this.nextId, (spans.at(-1)?.upTo ?? 0) + 1)
    this.changeQueue(queue, readOptions(options), spans)
  }

  #deleteQueue(number: number): void {
    const queue = this.queues.get(number)
    if (queue === undefined) return
    this.links.remove(queue)
    this.queues.delete(number)
    if (this.byName.get(queue.name) === queue) this.byName.delete(queue.name)
    queue.waiting.forEach((_id, position, size) => {
      this.live.add(position, size, -1)
    })
    for (const row of queue.rows.values()) this.live.add(row.position, row.size, -1)
    queue.lengthAtEnd = queue.length
    // Who still works on one of them sees that it is gone.
    queue.rows.clear()
    this.touched.delete(queue)
    this.due.compact((other) => other !== number)
  }

  #applyReach(entry: EntryView): void {
    const queue = this.queues.get(entry.aux)
    if (queue === undefined) return
    queue.reach = Math.max(queue.reach, readReach(entry))
    queue.reachAsked = Math.max(queue.reachAsked, queue.reach)
    this.touched.add(queue)
  }
}

interface Changed {
  options: StoredQueueOptions
  spans: readonly LifeSpan[]
}

interface Checked {
  batch: number
  checks: number
  nextAt: number
  parked: boolean
}

/** What an entry does, apart from its bytes: they will be written over before a batch ends. */
function actionOf(entry: EntryView): HeldAction {
  const at = entry.time
  switch (entry.type) {
    case SETTLE: {
      const ids: number[] = []
      eachSettled(entry, (id) => ids.push(id))
      return { kind: 'settle', queue: entry.aux, ids }
    }
    case RETURN: {
      const items: NewReturn[] = []
      eachReturn(entry, (item) => items.push(item))
      return { kind: 'return', queue: entry.aux, items, at }
    }
    case PREPARE:
      return { kind: 'prepare', prepared: readJson(entry) as Prepared }
    default:
      return { kind: 'end', ...readEnd(entry), at }
  }
}
