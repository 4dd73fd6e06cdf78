import type { Row } from './row-heap.ts'
import { RowLine } from './row-line.ts'

/**
 * Order within a key, parallelism across keys: at most one row of a key is under way, the later
 * ones stand aside until it is settled. Keys are u32 hashes, so two order keys with the same hash
 * share one lane. Key 0 means no key: never busy, never aside. A free key takes no memory.
 */
export class KeyGate<R extends Row = Row> {
  /** The busy keys and what stands behind each; null = nothing yet. */
  readonly #lanes = new Map<number, RowLine<R> | null>()
  #aside = 0

  /** Rows standing aside, of all keys. */
  get aside(): number {
    return this.#aside
  }

  isBusy(key: number): boolean {
    return this.#lanes.has(key)
  }

  /**
   * True when the key was free: it is busy until `leave`, also while its row waits for a retry.
   * Always true for key 0.
   */
  enter(key: number): boolean {
    if (key === 0) return true
    if (this.#lanes.has(key)) return false
    this.#lanes.set(key, null)
    return true
  }

  /**
   * The row waits until its key becomes free, behind those of the key with smaller ids.
   * @throws RangeError when its key is free, or the row stands aside already
   */
  setAside(row: R): void {
    if (!this.#laneOf(row).add(row)) {
      throw new RangeError(`Setting row ${row.id} aside: it stands aside already`)
    }
    this.#aside++
  }

  /**
   * The row of this key that was under way is settled. Returns the next one aside, which is under
   * way from now on; or undefined, and the key is free.
   */
  leave(key: number): R | undefined {
    const row = this.#lanes.get(key)?.shift()
    if (row === undefined) this.#lanes.delete(key)
    else this.#aside--
    return row
  }

  /** The row aside that would come next. */
  next(key: number): R | undefined {
    return this.#lanes.get(key)?.first
  }

  /** Takes out a row aside. Its key stays busy. */
  take(id: number, key: number): R | undefined {
    const row = this.#lanes.get(key)?.take(id)
    if (row !== undefined) this.#aside--
    return row
  }

  #laneOf(row: R): RowLine<R> {
    const known = this.#lanes.get(row.key)
    if (known === undefined) {
      throw new RangeError(`Setting row ${row.id} aside: its key ${row.key} is free`)
    }
    if (known !== null) return known
    const lane = new RowLine<R>()
    this.#lanes.set(row.key, lane)
    return lane
  }
}
