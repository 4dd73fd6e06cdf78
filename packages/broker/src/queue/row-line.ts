import type { Row } from './row-heap.ts'

/**
 * Rows in order of their ids in one array. Cheap when they come in that order and leave at the
 * front, as the rows behind a busy key do.
 */
export class RowLine<R extends Row = Row> {
  #rows: (R | undefined)[] = []
  #first = 0

  get length(): number {
    return this.#rows.length - this.#first
  }

  /** False when a row with this id stands in the line. */
  add(row: R): boolean {
    const at = this.#firstFrom(row.id)
    if (this.#rows[at]?.id === row.id) return false
    if (at === this.#rows.length) this.#rows.push(row)
    else this.#rows.splice(at, 0, row)
    return true
  }

  /** The row with the smallest id. */
  get first(): R | undefined {
    return this.#rows[this.#first]
  }

  /** Takes out the row with the smallest id. */
  shift(): R | undefined {
    if (this.length === 0) return undefined
    const row = this.#rows[this.#first]
    this.#rows[this.#first++] = undefined
    // Array.shift would move a long line at every row; this moves it once in half its length.
    if (this.#first * 2 >= this.#rows.length) {
      this.#rows = this.#rows.slice(this.#first)
      this.#first = 0
    }
    return row
  }

  /** Takes out the row `id`. */
  take(id: number): R | undefined {
    const at = this.#firstFrom(id)
    const row = this.#rows[at]
    if (row?.id !== id) return undefined
    if (at === this.#first) return this.shift()
    this.#rows.splice(at, 1)
    return row
  }

  /** Index of the first row with an id from `id` on. */
  #firstFrom(id: number): number {
    let low = this.#first
    let high = this.#rows.length
    if (high > low && this.#rows[high - 1]!.id < id) return high
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#rows[middle]!.id < id) low = middle + 1
      else high = middle
    }
    return low
  }
}
