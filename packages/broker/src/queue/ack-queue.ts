import { withCause } from './history.ts'
import { KeyGate } from './key-gate.ts'
import {
  freshRow,
  isNews,
  isUnderWay,
  type QueueRow,
  type Return,
  type RowState,
} from './queue-row.ts'
import { RowHeap } from './row-heap.ts'
import { RowLine } from './row-line.ts'
import { WaitingLevels } from './waiting-levels.ts'
import { WaitingList } from './waiting-list.ts'

/** What says how much a row counts. */
type Weighed = Pick<QueueRow, 'size' | 'key'>

/** Counts of one queue. */
export interface AckQueueCounts {
  unsettled: number
  delayed: number
  parked: number
}

/**
 * Competing consumers, each message settled by itself. Rows nobody has touched are 24 bytes in the
 * waiting list; a row becomes an object when it is delivered, delayed, set aside or brought back.
 */
export class AckQueue {
  readonly number: number
  readonly name: string
  readonly waiting = new WaitingLevels()
  readonly rows = new Map<number, QueueRow>()
  readonly counts: AckQueueCounts = { unsettled: 0, delayed: 0, parked: 0 }
  /** Stored bytes of all rows. */
  bytes = 0
  /** Bytes that count of all rows, and of those that are not ready. */
  #weight = 0
  #busyWeight = 0
  /** Rows have the bytes of their bodies in the place of a key, and these count. */
  readonly #weighsBodies: boolean
  /** Consumers ask for order by key. */
  ordered = false
  /** Rows with ids up to this one may have been in delivery when the broker was killed. */
  suspectUpTo = 0
  /** Most rows set aside behind their keys; then delivery waits. */
  readonly #asideMax: number
  readonly #gate = new KeyGate<QueueRow>()
  /** Rows that hold their key already. */
  readonly #admitted = new RowHeap<QueueRow>()
  readonly #returned = new RowHeap<QueueRow>()
  /** By key: rows that blocked it when order by key was asked for, and that another one holds. */
  readonly #behind = new Map<number, RowLine<QueueRow>>()

  constructor(number: number, name: string, asideMax: number, weighsBodies = false) {
    this.number = number
    this.name = name
    this.#asideMax = asideMax
    this.#weighsBodies = weighsBodies
  }

  get weighsBodies(): boolean {
    return this.#weighsBodies
  }

  /** All rows, whatever their state. */
  get length(): number {
    return this.waiting.length + this.rows.size
  }

  get ready(): number {
    const { unsettled, delayed, parked } = this.counts
    return this.length - unsettled - delayed - parked
  }

  /** Bytes of the ready rows, as stored or of their bodies. */
  get readyBytes(): number {
    return this.#weight - this.#busyWeight
  }

  /** Counts a row that comes, or goes. */
  weigh(row: Weighed, by: 1 | -1): void {
    this.bytes += by * row.size
    this.#weight += by * this.#weightOf(row)
  }

  #weightOf({ size, key }: Weighed): number {
    return this.#weighsBodies ? key : size
  }

  /** A new message; ids rise. A `dueAt` above 0 delays it. */
  add(id: number, position: number, size: number, key: number, dueAt: number, priority = 0): void {
    this.bytes += size
    this.#weight += this.#weighsBodies ? key : size
    if (dueAt === 0) return this.waiting.push(id, position, size, key, priority)
    const row = freshRow(id, position, size, key, priority)
    this.restore({ ...row, state: 'delayed', dueAt, exact: true })
  }

  /** Puts a row object into its place; for delayed messages and when state is read back. */
  restore(row: QueueRow): void {
    this.rows.set(row.id, row)
    this.#enterState(row)
  }

  /** The row is gone for good: settled, dead-lettered or removed. */
  remove(id: number): { position: number; size: number } | undefined {
    const row = this.rows.get(id)
    if (row === undefined) {
      const list = this.waiting.remove(id)
      if (list !== undefined) this.weigh(list, -1)
      return list
    }
    this.#leaveState(row)
    this.rows.delete(id)
    this.weigh(row, -1)
    this.#leaveKey(row)
    return row
  }

  /** What just waits is gone, up to an id, but for the kept ones. */
  purge(upTo: number, kept: ReadonlySet<number>, visit: (row: WaitingList) => void): void {
    this.waiting.removeUpTo(upTo, kept, (row) => {
      this.weigh(row, -1)
      visit(row)
    })
  }

  /**
   * A row comes back, as the log says. `exact` is false while the log of an earlier life is read.
   */
  bringBack(back: Return, exact: boolean): QueueRow | undefined {
    const row = this.tracked(back.id)
    if (row === undefined) return undefined
    if (row.requeued > 0) {
      row.requeued--
      return undefined
    }
    this.#leaveState(row)
    row.attempts = back.attempts
    row.crashes = back.crashes
    row.dueAt = back.dueAt
    row.redelivered = true
    row.exact = exact
    row.lasting ||= back.lasting === true
    row.consumer = 0
    if (isNews(row, back)) row.history = withCause(row.history, back.at, back.cause)
    row.state = back.state
    this.#enterState(row)
    if (back.state === 'parked') this.#leaveKey(row)
    return row
  }

  /**
   * A row goes back to its place at once, before the entry about it is on disk. It changes nothing
   * that a crash could lose: what was delivered comes again then, and is flagged.
   */
  requeue(row: QueueRow, crashes = 0): void {
    row.requeued++
    row.crashes = crashes
    row.redelivered = true
    row.exact = true
    row.consumer = 0
    this.move(row, 'ready')
  }

  /** The message's bytes are now elsewhere in the log. Returns where they were, or undefined. */
  relocate(id: number, position: number): { position: number; size: number } | undefined {
    const row = this.rows.get(id)
    if (row === undefined) {
      const list = this.waiting.find(id)
      if (list === undefined) return undefined
      const { position: before, size } = list
      list.relocate(id, position)
      return { position: before, size }
    }
    const before = row.position
    row.position = position
    return { position: before, size: row.size }
  }

  /** The time of a delayed row has come; false when it was settled or delayed anew meanwhile. */
  due(id: number, dueAt: number): boolean {
    const row = this.rows.get(id)
    if (row === undefined || row.state !== 'delayed' || row.dueAt !== dueAt) return false
    this.move(row, 'ready')
    return true
  }

  /** The next row to deliver, left where it is; rows whose key is busy are set aside on the way. */
  head(): QueueRow | WaitingList | undefined {
    for (;;) {
      const admitted = this.#admitted.peek()
      if (admitted !== undefined) return admitted
      const candidate = this.#first()
      if (candidate === undefined || !this.ordered || !this.#gate.isBusy(candidate.key)) {
        return candidate
      }
      if (this.#gate.aside >= this.#asideMax) return undefined
      if (candidate instanceof WaitingList) this.#takeWaiting(candidate, 'aside')
      else this.move(candidate, 'aside')
    }
  }

  /**
   * Of the highest priority the one with the smallest id: what was delayed on publish may be
   * younger than what waits.
   */
  #first(): QueueRow | WaitingList | undefined {
    const returned = this.#returned.peek()
    const list = this.waiting.head()
    if (list === undefined || returned === undefined) return list ?? returned
    const before = returned.priority - list.level
    return before > 0 || (before === 0 && returned.id < list.id) ? returned : list
  }

  /** Takes the row that `head` showed out of the ready ones, into `state`. */
  take(head: QueueRow | WaitingList, state: 'unsettled' | 'marking' | 'settling'): QueueRow {
    const waits = head instanceof WaitingList
    const row = waits ? this.#takeWaiting(head, state) : head
    if (!waits) this.move(row, state)
    // Also one that seemed not due yet: while nobody ran the wall clock may have gone back.
    if (row.id <= this.suspectUpTo) row.redelivered = true
    if (this.ordered && row.key !== 0 && !row.gated) row.gated = this.#gate.enter(row.key)
    return row
  }

  /** Whether its attempts must be written down before it is delivered. */
  isSuspect(row: { id: number; exact?: boolean }): boolean {
    return row.id <= this.suspectUpTo && row.exact !== true
  }

  /**
   * From now on consumers want order by key, or not. What has been delivered already, and is not
   * settled, then blocks its key; of several of one key each in turn, the earliest first.
   */
  setOrdered(ordered: boolean): void {
    if (ordered === this.ordered) return
    this.ordered = ordered
    this.#behind.clear()
    if (!ordered) return
    const blocking = [...this.rows.values()].filter((row) => {
      const again = (row.state === 'delayed' || row.state === 'ready') && row.redelivered
      return (isUnderWay(row) || again) && row.key !== 0 && !row.gated
    })
    blocking.sort((a, b) => a.id - b.id)
    for (const row of blocking) if (!this.#holdKey(row)) this.#putBehind(row)
  }

  #holdKey(row: QueueRow): boolean {
    if (!this.#gate.enter(row.key)) return false
    this.#leaveState(row)
    row.gated = true
    this.#enterState(row)
    return true
  }

  #putBehind(row: QueueRow): void {
    const line = this.#behind.get(row.key) ?? new RowLine()
    this.#behind.set(row.key, line)
    line.add(row)
  }

  /** The next of those that `setOrdered` found, unless an earlier row stands aside. */
  #nextBehind(key: number): QueueRow | undefined {
    if (this.#behind.size === 0) return undefined
    const line = this.#behind.get(key)
    for (let row = line?.first; row !== undefined; row = line?.first) {
      if ((this.#gate.next(key)?.id ?? Number.POSITIVE_INFINITY) < row.id) return undefined
      line?.shift()
      // One that is aside comes up by itself, one that is parked blocks nothing. One that is ready
      // has not been looked at since: a later one may stand aside already.
      const blocks = isUnderWay(row) || row.state === 'delayed' || row.state === 'ready'
      if (blocks && this.rows.get(row.id) === row) return row
    }
    this.#behind.delete(key)
    return undefined
  }

  /** A tracked row changes its state. */
  move(row: QueueRow, state: RowState): void {
    this.#leaveState(row)
    row.state = state
    this.#enterState(row)
  }

  /** The row as an object; one that just waited is `settling` from now on, so nobody takes it. */
  tracked(id: number): QueueRow | undefined {
    const row = this.rows.get(id)
    if (row !== undefined) return row
    const list = this.waiting.remove(id)
    if (list === undefined) return undefined
    const { position, size, key, level } = list
    const taken = freshRow(id, position, size, key, level)
    taken.state = 'settling'
    this.restore(taken)
    return taken
  }

  /** The first row of the list becomes an object. */
  #takeWaiting(list: WaitingList, state: RowState): QueueRow {
    list.next()
    const { id, position, size, key, level } = list
    const row = freshRow(id, position, size, key, level)
    row.redelivered = this.isSuspect(row)
    row.state = state
    this.restore(row)
    return row
  }

  #enterState(row: QueueRow): void {
    if (row.state === 'ready') (row.gated ? this.#admitted : this.#returned).push(row)
    else if (row.state === 'aside') this.#gate.setAside(row)
    else this.#count(row, 1)
  }

  #leaveState(row: QueueRow): void {
    if (row.state === 'ready') (row.gated ? this.#admitted : this.#returned).take(row.id)
    else if (row.state === 'aside') this.#gate.take(row.id, row.key)
    else this.#count(row, -1)
  }

  #count(row: QueueRow, by: number): void {
    this.#busyWeight += by * this.#weightOf(row)
    if (row.state === 'delayed') this.counts.delayed += by
    else if (row.state === 'parked') this.counts.parked += by
    else this.counts.unsettled += by
  }

  #leaveKey(row: QueueRow): void {
    if (!row.gated) return
    row.gated = false
    const behind = this.#nextBehind(row.key)
    if (behind !== undefined) {
      this.#leaveState(behind)
      behind.gated = true
      this.#enterState(behind)
      return
    }
    const next = this.#gate.leave(row.key)
    if (next === undefined) return
    // The gate has let it go already; only its place changes.
    next.gated = true
    next.state = 'ready'
    this.#admitted.push(next)
  }
}
