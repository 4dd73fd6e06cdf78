import { RowChunk } from './row-chunk.ts'

/** The first chunk is small, so that thousands of quiet queues stay cheap (1.5 KiB each). */
const FIRST_CHUNK_ROWS = 64
const CHUNK_GROWTH = 4
const LARGEST_CHUNK_ROWS = 4096

export type Visit = (id: number, position: number, size: number, key: number) => void

/** A waiting row copied out of the list. */
export interface WaitingRow {
  /** Whole number below 2^53, given once, rising. */
  id: number
  /** Location in the log, whole number from 0 and below 2^53. */
  position: number
  /** Stored bytes, u32. */
  size: number
  /** Hash of the order key, u32; 0 = none. */
  key: number
}

/**
 * The rows waiting in one queue, first in first out, at 24 bytes each and without an object per
 * row: what a method finds is loaded into the fields `id`, `position`, `size` and `key` of the
 * list, and stands there until another row is loaded. A method that finds nothing leaves them.
 */
export class WaitingList {
  id = 0
  position = 0
  size = 0
  key = 0
  /** Of all its rows; the higher comes first. */
  readonly level: number

  // All chunks but the last are full, and all but the last hold a live row.
  #chunks: RowChunk[] = []
  #length = 0
  #lastId = 0

  constructor(level = 0) {
    this.level = level
  }

  /** Rows in the list. */
  get length(): number {
    return this.#length
  }

  /** Id of the row pushed last, even when it is out since; 0 = none was ever pushed. */
  get lastId(): number {
    return this.#lastId
  }

  /** Memory held for rows, in bytes. */
  get bytes(): number {
    return this.#chunks.reduce((sum, chunk) => sum + chunk.bytes, 0)
  }

  /**
   * Adds a row at the end.
   * @throws RangeError when `id` is not above `lastId`, or `position` is below 0
   */
  push(id: number, position: number, size: number, key: number): void {
    if (!(id > this.#lastId)) {
      throw new RangeError(`Adding row ${id}: the last id was ${this.#lastId}, ids must rise`)
    }
    if (!(position >= 0)) throw new RangeError(`Adding row ${id}: its position is ${position}`)
    let tail = this.#chunks[this.#chunks.length - 1]
    if (tail === undefined || tail.full) tail = this.#addChunk(tail)
    tail.push(id, position, size, key)
    this.#lastId = id
    this.#length++
  }

  /** Loads the first row and takes it out; false when the list is empty. */
  next(): boolean {
    if (!this.head()) return false
    this.#takeOut(0, this.#chunks[0]!.start)
    return true
  }

  /** Loads the first row and leaves it in; false when the list is empty. */
  head(): boolean {
    if (this.#length === 0) return false
    const chunk = this.#chunks[0]!
    this.#load(chunk, chunk.start)
    return true
  }

  /** Loads the row `id` and takes it out; false when it is not in the list. */
  remove(id: number): boolean {
    const at = this.#chunkOf(id)
    const index = this.#chunks[at]?.indexOf(id) ?? -1
    if (index < 0) return false
    this.#load(this.#chunks[at]!, index)
    this.#takeOut(at, index)
    this.#packIfSparse(id)
    return true
  }

  /** Takes out the rows with ids up to `upTo` but the kept ones, each loaded for `visit`. */
  removeUpTo(upTo: number, kept: ReadonlySet<number>, visit: (row: this) => void): void {
    for (const chunk of this.#chunks) {
      for (let i = chunk.start; i < chunk.count && chunk.ids[i]! <= upTo; i++) {
        if (!chunk.isLive(i) || kept.has(chunk.ids[i]!)) continue
        this.#load(chunk, i)
        chunk.takeOut(i)
        this.#length--
        visit(this)
      }
    }
    const last = this.#chunks.at(-1)
    this.#chunks = this.#chunks.filter((chunk) => chunk.live > 0 || chunk === last)
    if (last?.live === 0) this.#releaseChunk(this.#chunks.length - 1, last)
  }

  has(id: number): boolean {
    return (this.#chunks[this.#chunkOf(id)]?.indexOf(id) ?? -1) >= 0
  }

  /** Loads the row `id` and leaves it in; false when it is not in the list. */
  find(id: number): boolean {
    const chunk = this.#chunks[this.#chunkOf(id)]
    const index = chunk?.indexOf(id) ?? -1
    if (index < 0) return false
    this.#load(chunk!, index)
    return true
  }

  /**
   * Writes down that the row `id` has moved in the log; false when it is not in the list.
   * @throws RangeError when `position` is below 0
   */
  relocate(id: number, position: number): boolean {
    if (!(position >= 0)) throw new RangeError(`Moving row ${id}: its position is ${position}`)
    const chunk = this.#chunks[this.#chunkOf(id)]
    const index = chunk?.indexOf(id) ?? -1
    if (index < 0) return false
    chunk!.positions[index] = position
    return true
  }

  /** Visits the rows in order. The visitor must not change the list, except to `relocate`. */
  forEach(visit: Visit): void {
    for (const chunk of this.#chunks) {
      for (let i = chunk.start; i < chunk.count; i++) {
        if (!chunk.isLive(i)) continue
        visit(chunk.ids[i]!, chunk.positions[i]!, chunk.sizes[i]!, chunk.keys[i]!)
      }
    }
  }

  /** Up to `limit` rows with ids above `afterId`, in order. */
  rowsAfter(afterId: number, limit: number): WaitingRow[] {
    const rows: WaitingRow[] = []
    this.eachAfter(afterId, limit, (id, position, size, key) => {
      rows.push({ id, position, size, key })
    })
    return rows
  }

  /** Visits up to `limit` rows with ids above `afterId`, in order; how many there were. */
  eachAfter(afterId: number, limit: number, visit: Visit): number {
    let count = 0
    for (let at = Math.max(0, this.#chunkOf(afterId)); at < this.#chunks.length; at++) {
      const chunk = this.#chunks[at]!
      for (let i = Math.max(chunk.start, chunk.firstAfter(afterId)); i < chunk.count; i++) {
        if (count >= limit) return count
        if (!chunk.isLive(i)) continue
        visit(chunk.ids[i]!, chunk.positions[i]!, chunk.sizes[i]!, chunk.keys[i]!)
        count++
      }
    }
    return count
  }

  #addChunk(tail: RowChunk | undefined): RowChunk {
    const rows = tail === undefined ? FIRST_CHUNK_ROWS : tail.capacity * CHUNK_GROWTH
    const chunk = new RowChunk(Math.min(rows, LARGEST_CHUNK_ROWS))
    this.#chunks.push(chunk)
    return chunk
  }

  #load(chunk: RowChunk, index: number): void {
    this.id = chunk.ids[index]!
    this.position = chunk.positions[index]!
    this.size = chunk.sizes[index]!
    this.key = chunk.keys[index]!
  }

  #takeOut(at: number, index: number): void {
    const chunk = this.#chunks[at]!
    chunk.takeOut(index)
    this.#length--
    if (chunk.live === 0) this.#releaseChunk(at, chunk)
  }

  /**
   * The last chunk is kept and filled anew, else a queue that hovers around empty would allocate.
   */
  #releaseChunk(at: number, chunk: RowChunk): void {
    if (at === this.#chunks.length - 1) chunk.reset()
    else if (at === 0) this.#chunks.shift()
    else this.#chunks.splice(at, 1)
    if (this.#length === 0 && this.#chunks[0]!.capacity > FIRST_CHUNK_ROWS) this.#chunks = []
  }

  /** Without this, one old row here and there would hold 4,096 rows of memory each. */
  #packIfSparse(id: number): void {
    const at = this.#chunkOf(id)
    const chunk = this.#chunks[at]
    if (chunk === undefined || at === this.#chunks.length - 1) return
    if (chunk.capacity <= FIRST_CHUNK_ROWS || chunk.live * CHUNK_GROWTH > chunk.capacity) return
    this.#chunks[at] = chunk.packed()
  }

  /** Index of the last chunk that begins at or before `id`, or -1. */
  #chunkOf(id: number): number {
    let low = 0
    let high = this.#chunks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const chunk = this.#chunks[middle]!
      if (chunk.count > 0 && chunk.ids[0]! <= id) low = middle + 1
      else high = middle
    }
    return low - 1
  }
}
