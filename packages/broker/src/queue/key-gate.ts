import type { Row } from './row-heap.ts'
import { RowLine } from './row-line.ts'

/** What stands behind one busy key. */
interface Lane<R extends Row> {
  /** Rows of the key that were under way before; they go first. */
  readonly returned: RowLine<R>
  readonly aside: RowLine<R>
}

/**
 * Order within a key, parallelism across keys: at most one row of a key is under way, the later
 * ones stand aside until it is settled. Keys are u32 hashes, so two order keys with the same hash
 * share one lane. Key 0 means no key: never busy, never aside. A free key takes no memory.
 */
export class KeyGate<R extends Row = Row> {
  /** The busy keys; null = nothing stood behind it yet. */
  readonly #lanes = new Map<number, Lane<R> | null>()
  #aside = 0

  /** Rows standing aside, of all keys. */
  get aside(): number {
    return this.#aside
  }

  /** Keys that are busy. */
  get busyKeys(): number {
    return this.#lanes.size
  }

  isBusy(key: number): boolean {
    return this.#lanes.has(key)
  }

  /** True when the key was free: it is busy from now on. Always true for key 0. */
  enter(key: number): boolean {
    if (this.#lanes.has(key)) return false
    this.hold(key)
    return true
  }

  /**
   * Makes the key busy, or leaves it so, without a row under way: for a row of the key that waits
   * for its retry. Until `leave` nothing of the key passes.
   */
  hold(key: number): void {
    if (key !== 0 && !this.#lanes.has(key)) this.#lanes.set(key, null)
  }

  /**
   * The row waits until its key becomes free, behind those of the key with smaller ids.
   * @throws RangeError when its key is free, or the row stands aside already
   */
  setAside(row: R): void {
    this.#add(row, 'aside')
  }

  /**
   * A row that was under way comes back and goes before all of its key that were set aside.
   * `leave` then hands it out again.
   * @throws RangeError when its key is free, or the row stands aside already
   */
  putBack(row: R): void {
    this.#add(row, 'returned')
  }

  /**
   * The row of this key that was under way is settled. Returns the next one aside, which is under
   * way from now on; or undefined, and the key is free.
   */
  leave(key: number): R | undefined {
    const lane = this.#lanes.get(key)
    const row = lane?.returned.shift() ?? lane?.aside.shift()
    if (row === undefined) this.#lanes.delete(key)
    else this.#aside--
    return row
  }

  /** Takes out a row aside. Its key stays busy. */
  take(id: number, key: number): R | undefined {
    const lane = this.#lanes.get(key)
    const row = lane?.returned.take(id) ?? lane?.aside.take(id)
    if (row !== undefined) this.#aside--
    return row
  }

  clear(): void {
    this.#lanes.clear()
    this.#aside = 0
  }

  /** The rows aside in order of their ids, as they are now. Sorts: for listings. */
  [Symbol.iterator](): IterableIterator<R> {
    const rows: R[] = []
    for (const lane of this.#lanes.values()) {
      if (lane === null) continue
      for (const row of lane.returned.rows()) rows.push(row)
      for (const row of lane.aside.rows()) rows.push(row)
    }
    return rows.sort((a, b) => a.id - b.id).values()
  }

  #add(row: R, where: 'aside' | 'returned'): void {
    const lane = this.#laneOf(row)
    if (!lane[where].add(row)) {
      throw new RangeError(`Setting row ${row.id} aside: it stands aside already`)
    }
    this.#aside++
  }

  #laneOf(row: R): Lane<R> {
    const known = this.#lanes.get(row.key)
    if (known === undefined) {
      throw new RangeError(`Setting row ${row.id} aside: its key ${row.key} is free`)
    }
    if (known !== null) return known
    const lane = { returned: new RowLine<R>(), aside: new RowLine<R>() }
    this.#lanes.set(row.key, lane)
    return lane
  }
}
