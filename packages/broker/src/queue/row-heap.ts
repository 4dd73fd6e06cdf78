/** A row that was delivered before, or stands aside: few enough to be objects. */
export interface Row {
  /** Whole number below 2^53, given once, rising. */
  id: number
  /** Location in the log, whole number from 0 and below 2^53. */
  position: number
  /** Stored bytes, u32. */
  size: number
  /** Hash of the order key, u32; 0 = none. */
  key: number
  /** Deliveries begun so far. */
  attempts: number
  /** The higher comes first. Default 0. */
  priority?: number
}

/** Rows taken out by id stay in the heap until they come up, or until they are this many more. */
const STALE_SLACK = 16

/** Requeued rows, the highest priority first, of one priority the smallest id. */
export class RowHeap<R extends Row = Row> {
  /** The rows that are in; `#heap` also holds stale ones. */
  readonly #rows = new Map<number, R>()
  #heap: R[] = []

  /** @throws RangeError when a row with this id is in the heap */
  push(row: R): void {
    if (this.#rows.has(row.id)) {
      throw new RangeError(`Requeueing row ${row.id}: it is in the heap already`)
    }
    this.#rows.set(row.id, row)
    this.#heap.push(row)
    this.#rise(this.#heap.length - 1)
    this.#sweep()
  }

  /** The row that comes first. */
  peek(): R | undefined {
    let top = this.#heap[0]
    while (top !== undefined && this.#rows.get(top.id) !== top) {
      this.#removeTop()
      top = this.#heap[0]
    }
    return top
  }

  /** Takes out the row `id`. */
  take(id: number): R | undefined {
    const row = this.#rows.get(id)
    if (row === undefined) return undefined
    this.#rows.delete(id)
    this.#sweep()
    return row
  }

  #sorted(): R[] {
    return [...this.#rows.values()].sort((a, b) => (isBefore(a, b) ? -1 : 1))
  }

  #sweep(): void {
    if (this.#heap.length > 2 * this.#rows.size + STALE_SLACK) this.#heap = this.#sorted()
  }

  #rise(from: number): void {
    const heap = this.#heap
    const row = heap[from]!
    let at = from
    while (at > 0) {
      const parent = (at - 1) >>> 1
      if (!isBefore(row, heap[parent]!)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = row
  }

  #removeTop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (!isBefore(heap[child]!, last)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
  }
}

function isBefore(a: Row, b: Row): boolean {
  const difference = (b.priority ?? 0) - (a.priority ?? 0)
  return difference === 0 ? a.id < b.id : difference < 0
}
