/** Bytes of one row: id and position as Float64, size and key as Uint32. */
const BYTES_PER_ROW = 24

/** In the place of a position: this row is out. Its id stays, for the binary search. */
const OUT = -1

/**
 * A run of rows with rising ids in one buffer, no object per row. Rows are added at the end until
 * `count` reaches `capacity`, and taken out anywhere.
 */
export class RowChunk {
  readonly capacity: number
  readonly ids: Float64Array
  readonly positions: Float64Array
  readonly sizes: Uint32Array
  readonly keys: Uint32Array
  /** Rows put in since the start or the last `reset`, those taken out included. */
  count = 0
  /** Rows not taken out. */
  live = 0
  /** Index of the first live row; `count` when there is none. */
  start = 0

  constructor(capacity: number) {
    const buffer = new ArrayBuffer(capacity * BYTES_PER_ROW)
    this.capacity = capacity
    this.ids = new Float64Array(buffer, 0, capacity)
    this.positions = new Float64Array(buffer, capacity * 8, capacity)
    this.sizes = new Uint32Array(buffer, capacity * 16, capacity)
    this.keys = new Uint32Array(buffer, capacity * 20, capacity)
  }

  get bytes(): number {
    const { ids, positions, sizes, keys } = this
    return ids.byteLength + positions.byteLength + sizes.byteLength + keys.byteLength
  }

  get full(): boolean {
    return this.count === this.capacity
  }

  /** The chunk must not be full, and the id must be above all ids in it. */
  push(id: number, position: number, size: number, key: number): void {
    const index = this.count
    this.ids[index] = id
    this.positions[index] = position
    this.sizes[index] = size
    this.keys[index] = key
    this.count = index + 1
    this.live++
  }

  isLive(index: number): boolean {
    return this.positions[index] !== OUT
  }

  /** Takes out the live row at `index`. */
  takeOut(index: number): void {
    this.positions[index] = OUT
    this.live--
    while (this.start < this.count && this.positions[this.start] === OUT) this.start++
  }

  /** Index of the first row, live or out, with an id above `id`; `count` when there is none. */
  firstAfter(id: number): number {
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.ids[middle]! <= id) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Index of the live row `id`, or -1. */
  indexOf(id: number): number {
    const index = this.firstAfter(id) - 1
    return index >= 0 && this.ids[index] === id && this.isLive(index) ? index : -1
  }

  /** Makes the chunk as new, to be filled from its beginning again. */
  reset(): void {
    this.count = 0
    this.live = 0
    this.start = 0
  }

  /** A full chunk of the live rows alone. */
  packed(): RowChunk {
    const packed = new RowChunk(this.live)
    for (let i = this.start; i < this.count; i++) {
      if (!this.isLive(i)) continue
      packed.push(this.ids[i]!, this.positions[i]!, this.sizes[i]!, this.keys[i]!)
    }
    return packed
  }
}
