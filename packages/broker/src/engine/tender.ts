import { emptyEntryView } from '../log/entry.ts'
import type { QueueRow } from '../queue/queue-row.ts'
import type { WaitingList } from '../queue/waiting-list.ts'
import type { Failed } from './dead-letter.ts'
import type { Engine } from './engine.ts'
import type { EngineQueue } from './engine-queue.ts'
import { ExpiryTimer, expiryIn, isForNow } from './expiry.ts'
import { BAD_BYTES, type HeadLoader } from './head-loader.ts'
import { appendSettle, emptyMessageView, loadMessage, SETTLED } from './records.ts'

/** Most rows that one queue gives up in one turn. */
const TURN_GIVEN_UP_MAX = 1_000

const EXPIRED = 'its time to live was over'
const TOO_MUCH = 'its queue had more than it may have'

/**
 * What became of the next row: it was dealt with · nothing can be delivered now · something is
 * under way, after which it is looked again.
 */
export type Step = 'done' | 'none' | 'wait'

/** Who decides what becomes of a row that is not delivered. */
export interface GiveUp {
  /** Gives up a row that is in state `settling`. */
  giveUp(queue: EngineQueue, failed: Failed): Promise<void>
  /** What expires or is too much in this queue is simply gone. */
  drops(queue: EngineQueue): boolean
  /** False while the router that it needs is not there. */
  isReady(queue: EngineQueue): boolean
}

/** Looks after what leaves a queue without being delivered, also while nobody consumes. */
export class Tender {
  readonly #engine: Engine
  readonly #giveUp: GiveUp
  readonly #loader: HeadLoader
  readonly #schedule: (queue: EngineQueue) => void
  readonly #timer: ExpiryTimer
  readonly #entry = emptyEntryView()
  readonly #message = emptyMessageView()
  /** To be dropped from the queue at hand, by one entry. */
  #dropped: number[] = []
  /** When what `look` kept last expires. */
  #expiry = 0

  constructor(
    engine: Engine,
    giveUp: GiveUp,
    loader: HeadLoader,
    schedule: (queue: EngineQueue) => void,
  ) {
    this.#engine = engine
    this.#giveUp = giveUp
    this.#loader = loader
    this.#schedule = schedule
    this.#timer = new ExpiryTimer(engine, schedule)
  }

  /** Gives up the next row if it has expired; `wanted`: a consumer could have it now. */
  look(queue: EngineQueue, head: QueueRow | WaitingList, wanted: boolean): Step | 'keep' {
    const { reader, time } = this.#engine
    this.#expiry = Number.POSITIVE_INFINITY
    if ('lasting' in head && head.lasting) return 'keep'
    const found = reader.cached(head.position, this.#entry)
    if (found === 'absent') {
      this.#loader.load(queue, head.position, head.size)
      return 'wait'
    }
    if (found === 'damaged') {
      this.#loader.parkDamaged(queue, queue.take(head, 'settling'), BAD_BYTES)
      return 'done'
    }
    loadMessage(this.#entry, this.#message)
    this.#expiry = expiryIn(queue, head.id, this.#message)
    if (time() < this.#expiry) return 'keep'
    if (wanted && isForNow(this.#message, this.#expiry) && this.#isFresh(head)) return 'keep'
    if (!this.#giveUp.isReady(queue)) return 'none'
    this.#leave(queue, head, EXPIRED, 'expired')
    return 'done'
  }

  /** Nothing more can be delivered now: what has expired goes, and what is too much. */
  tend(queue: EngineQueue): void {
    if (queue.mayExpire) this.#tendExpiry(queue)
    if (queue.overflows) this.trim(queue)
  }

  /** What is too much goes, so many at once at most; returns how many. */
  trim(queue: EngineQueue): number {
    if (!this.#giveUp.isReady(queue)) return 0
    for (let count = 0; count < TURN_GIVEN_UP_MAX; count++) {
      const head = queue.overflows ? queue.head() : undefined
      if (head === undefined) return count
      this.#leave(queue, head, TOO_MUCH, 'maxlen')
    }
    this.#schedule(queue)
    return TURN_GIVEN_UP_MAX
  }

  /** The first that has not expired is seen to when its time comes. */
  #tendExpiry(queue: EngineQueue): void {
    for (let count = 0; count < TURN_GIVEN_UP_MAX; count++) {
      const head = queue.head()
      if (head === undefined) {
        if (queue.length === 0) queue.expiring = false
        return
      }
      const step = this.look(queue, head, false)
      if (step === 'keep') this.#timer.wakeAt(queue, this.#expiry)
      if (step !== 'done') return
    }
    this.#schedule(queue)
  }

  /** Writes down what was dropped. */
  flush(queue: EngineQueue): void {
    if (this.#dropped.length === 0) return
    appendSettle(this.#engine.log, queue.number, this.#dropped, SETTLED.dropped)
    this.#dropped = []
  }

  stop(): void {
    this.#timer.stop()
  }

  #isFresh(head: QueueRow | WaitingList): boolean {
    const again = 'redelivered' in head && head.redelivered
    return !again && head.id >= this.#engine.state.firstIdOfLife
  }

  #leave(
    queue: EngineQueue,
    head: QueueRow | WaitingList,
    cause: string,
    reason: 'expired' | 'maxlen',
  ): void {
    // Its last delivery may have been cut off by a crash; from now on nobody would count that.
    const cutOff = queue.isSuspect(head) ? 1 : 0
    const row = queue.take(head, 'settling')
    if (this.#giveUp.drops(queue)) {
      this.#dropped.push(row.id)
      return
    }
    const failed = { row, attempts: row.attempts + cutOff, cause, reason }
    this.#giveUp.giveUp(queue, failed).catch(() => undefined)
  }
}
