const SMALLEST_CAPACITY = 16

/**
 * What falls due when: a binary heap in typed arrays (20 bytes per entry), ordered by the due time,
 * then the id, then the queue. It grows and shrinks with its content. An entry whose row is gone is
 * not removed: the caller skips it when it comes up, or sweeps with `compact`.
 */
export class DueHeap {
  /** Of the entry popped last, in the caller's milliseconds. */
  dueAt = 0
  /** Of the entry popped last. */
  queue = 0
  /** Of the entry popped last. */
  id = 0

  #length = 0
  #dueAts = new Float64Array(SMALLEST_CAPACITY)
  #ids = new Float64Array(SMALLEST_CAPACITY)
  #queues = new Uint32Array(SMALLEST_CAPACITY)

  get length(): number {
    return this.#length
  }

  /**
   * @param queue u32
   * @throws RangeError when `dueAt` is not a number
   */
  push(dueAt: number, queue: number, id: number): void {
    if (Number.isNaN(dueAt)) throw new RangeError(`Scheduling row ${id}: its due time is NaN`)
    if (this.#length === this.#ids.length) this.#resize(this.#length * 2)
    let at = this.#length++
    while (at > 0) {
      const parent = (at - 1) >>> 1
      if (!this.#isAfter(parent, dueAt, id, queue)) break
      this.#copy(parent, at)
      at = parent
    }
    this.#set(at, dueAt, queue, id)
  }

  /** When the first entry is due; Infinity when there is none. */
  peekDue(): number {
    return this.#length === 0 ? Number.POSITIVE_INFINITY : this.#dueAts[0]!
  }

  /** Takes out the first entry and loads it into the fields; false when there is none. */
  pop(): boolean {
    if (this.#length === 0) return false
    this.dueAt = this.#dueAts[0]!
    this.queue = this.#queues[0]!
    this.id = this.#ids[0]!
    this.#length--
    this.#sink(0, this.#length)
    this.#shrink()
    return true
  }

  /** Drops the entries for which `keep` says false. It must not change the heap. */
  compact(keep: (queue: number, id: number, dueAt: number) => boolean): void {
    let kept = 0
    for (let from = 0; from < this.#length; from++) {
      if (!keep(this.#queues[from]!, this.#ids[from]!, this.#dueAts[from]!)) continue
      this.#copy(from, kept++)
    }
    this.#length = kept
    for (let at = (kept >>> 1) - 1; at >= 0; at--) this.#sink(at, at)
    this.#shrink()
  }

  /** Puts the entry at `from` in the place of the one at `hole`, then down to where it belongs. */
  #sink(hole: number, from: number): void {
    const dueAt = this.#dueAts[from]!
    const id = this.#ids[from]!
    const queue = this.#queues[from]!
    let at = hole
    for (;;) {
      let child = 2 * at + 1
      if (child >= this.#length) break
      if (child + 1 < this.#length && this.#isChildAfter(child, child + 1)) child++
      if (this.#isAfter(child, dueAt, id, queue)) break
      this.#copy(child, at)
      at = child
    }
    this.#set(at, dueAt, queue, id)
  }

  #isChildAfter(child: number, other: number): boolean {
    return this.#isAfter(child, this.#dueAts[other]!, this.#ids[other]!, this.#queues[other]!)
  }

  #isAfter(at: number, dueAt: number, id: number, queue: number): boolean {
    if (this.#dueAts[at]! !== dueAt) return this.#dueAts[at]! > dueAt
    if (this.#ids[at]! !== id) return this.#ids[at]! > id
    return this.#queues[at]! > queue
  }

  #copy(from: number, to: number): void {
    this.#set(to, this.#dueAts[from]!, this.#queues[from]!, this.#ids[from]!)
  }

  #set(at: number, dueAt: number, queue: number, id: number): void {
    this.#dueAts[at] = dueAt
    this.#queues[at] = queue
    this.#ids[at] = id
  }

  #shrink(): void {
    let capacity = this.#ids.length
    while (capacity > SMALLEST_CAPACITY && this.#length < capacity / 4) capacity /= 2
    if (capacity < this.#ids.length) this.#resize(capacity)
  }

  #resize(capacity: number): void {
    const dueAts = new Float64Array(capacity)
    const ids = new Float64Array(capacity)
    const queues = new Uint32Array(capacity)
    dueAts.set(this.#dueAts.subarray(0, this.#length))
    ids.set(this.#ids.subarray(0, this.#length))
    queues.set(this.#queues.subarray(0, this.#length))
    this.#dueAts = dueAts
    this.#ids = ids
    this.#queues = queues
  }
}
