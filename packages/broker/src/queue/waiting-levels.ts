import { type Visit, WaitingList, type WaitingRow } from './waiting-list.ts'

/**
 * The rows waiting in one queue: one list for each level in use, the highest comes first. A row
 * that is found is loaded into its list, which is returned.
 */
export class WaitingLevels {
  readonly #lowest = new WaitingList()
  /** Highest first; the lowest, level 0, is always there. */
  #lists: WaitingList[] = [this.#lowest]

  get length(): number {
    if (this.#lists.length === 1) return this.#lowest.length
    return this.#lists.reduce((sum, list) => sum + list.length, 0)
  }

  /** The lists, highest first. */
  get lists(): readonly WaitingList[] {
    return this.#lists
  }

  /** Id of the row pushed last into this level; 0 = none was. */
  lastIdOf(level: number): number {
    return this.#lists.find((list) => list.level === level)?.lastId ?? 0
  }

  push(id: number, position: number, size: number, key: number, level: number): void {
    const list = level === 0 ? this.#lowest : this.#listOf(level)
    list.push(id, position, size, key)
  }

  /** Loads the row that comes first and leaves it in. */
  head(): WaitingList | undefined {
    for (let i = 0; i < this.#lists.length; i++) {
      const list = this.#lists[i]!
      if (list.head()) return list
    }
    return undefined
  }

  /** Loads the row `id` and takes it out. */
  remove(id: number): WaitingList | undefined {
    return this.#lists.find((list) => list.remove(id))
  }

  /** Loads the row `id` and leaves it in. */
  find(id: number): WaitingList | undefined {
    return this.#lists.find((list) => list.find(id))
  }

  has(id: number): boolean {
    return this.#lists.some((list) => list.has(id))
  }

  /** Level by level; see `WaitingList.forEach`. */
  forEach(visit: Visit): void {
    for (const list of this.#lists) list.forEach(visit)
  }

  /** Up to `limit` rows of each level with ids above `afterId`. */
  rowsAfter(afterId: number, limit: number): WaitingRow[] {
    return this.#lists.flatMap((list) => list.rowsAfter(afterId, limit))
  }

  /** See `WaitingList.removeUpTo`. */
  removeUpTo(upTo: number, kept: ReadonlySet<number>, visit: (row: WaitingList) => void): void {
    for (const list of this.#lists) list.removeUpTo(upTo, kept, visit)
  }

  #listOf(level: number): WaitingList {
    const known = this.#lists.find((list) => list.level === level)
    if (known !== undefined) return known
    const list = new WaitingList(level)
    this.#lists = [...this.#lists, list].sort((a, b) => b.level - a.level)
    return list
  }
}
