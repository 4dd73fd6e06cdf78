/**
 * A delivery that its client has not settled: where it came from, to be settled there. It is what
 * is then told to the core.
 */
export interface Unacked<Source> {
  readonly tag: number
  readonly source: Source
  /** Of the core. */
  readonly id: number
  /** What the client has said of it. */
  outcome: 'done' | 'requeue' | 'reject'
}

/** Deliveries of one channel by delivery tag (from 1), in the order in which they went out. */
export class UnackedList<Source> {
  #last = 0
  readonly #byTag = new Map<number, Unacked<Source>>()

  get size(): number {
    return this.#byTag.size
  }

  /** Numbers a delivery that is not to be settled by the client. */
  pass(): number {
    return ++this.#last
  }

  /** The number of the next delivery. */
  get next(): number {
    return this.#last + 1
  }

  add(source: Source, id: number): number {
    const tag = ++this.#last
    this.#byTag.set(tag, { tag, source, id, outcome: 'done' })
    return tag
  }

  /**
   * Takes those that a client names: one, or all up to it; 0 and `multiple`: all. Undefined: there
   * is no such delivery (any more).
   */
  take(tag: number, multiple: boolean): Unacked<Source>[] | undefined {
    if (multiple) return this.#takeUpTo(tag)
    const found = this.#byTag.get(tag)
    if (found === undefined) return undefined
    this.#byTag.delete(tag)
    return [found]
  }

  #takeUpTo(tag: number): Unacked<Source>[] | undefined {
    // As RabbitMQ has it: the one that is named must be there, 0 names none.
    if (tag > 0 && !this.#byTag.has(tag)) return undefined
    const taken: Unacked<Source>[] = []
    for (const each of this.#byTag.values()) {
      if (tag > 0 && each.tag > tag) break
      taken.push(each)
    }
    for (const each of taken) this.#byTag.delete(each.tag)
    return taken
  }

  /** Puts back what was taken, in its place. */
  putBack(taken: readonly Unacked<Source>[]): void {
    const all = [...this.#byTag.values(), ...taken].sort((one, other) => one.tag - other.tag)
    this.#byTag.clear()
    for (const each of all) this.#byTag.set(each.tag, each)
  }

  /** Takes all of one source, or of all. */
  takeAll(of?: Source): Unacked<Source>[] {
    const taken = [...this.#byTag.values()].filter(({ source }) => !of || source === of)
    for (const { tag } of taken) this.#byTag.delete(tag)
    return taken
  }
}
