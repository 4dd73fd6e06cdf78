/** Something that will happen in a simulated world. */
export interface Event {
  /** Virtual time, ms. */
  readonly at: number
  /** Orders events of the same time; equal ties keep the order in which they were scheduled. */
  readonly tie: number
  readonly sequence: number
  readonly run: () => void
}

/** A binary heap; the earliest event comes first. */
export class EventHeap<E extends Event> {
  #events: E[] = []

  get length(): number {
    return this.#events.length
  }

  peek(): E | undefined {
    return this.#events[0]
  }

  push(event: E): void {
    this.#events.push(event)
    this.#rise(this.#events.length - 1)
  }

  pop(): E | undefined {
    const events = this.#events
    const first = events[0]
    const last = events.pop()
    if (last === undefined || last === first) return first
    events[0] = last
    this.#sink(0)
    return first
  }

  keep(wanted: (event: E) => boolean): void {
    this.#events = this.#events.filter(wanted)
    for (let index = (this.#events.length >> 1) - 1; index >= 0; index--) this.#sink(index)
  }

  #rise(start: number): void {
    const events = this.#events
    let index = start
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!before(events[index]!, events[parent]!)) return
      this.#swap(index, parent)
      index = parent
    }
  }

  #sink(start: number): void {
    const events = this.#events
    let index = start
    for (;;) {
      let first = index
      const left = 2 * index + 1
      if (left < events.length && before(events[left]!, events[first]!)) first = left
      if (left + 1 < events.length && before(events[left + 1]!, events[first]!)) first = left + 1
      if (first === index) return
      this.#swap(index, first)
      index = first
    }
  }

  #swap(one: number, other: number): void {
    const held = this.#events[one]!
    this.#events[one] = this.#events[other]!
    this.#events[other] = held
  }
}

function before(one: Event, other: Event): boolean {
  if (one.at !== other.at) return one.at < other.at
  if (one.tie !== other.tie) return one.tie < other.tie
  return one.sequence < other.sequence
}
