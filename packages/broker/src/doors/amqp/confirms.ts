/** What became of a publish, by its number on the channel. */
const PENDING = 0
const STORED = 1
const REFUSED = 2
const TOLD = 3

/** Says `basic.ack` or `basic.nack` of publishes. */
export interface ConfirmWriter {
  ack(tag: number, multiple: boolean): void
  nack(tag: number): void
}

/**
 * The publisher confirms of one channel: publishes are numbered from 1; what is stored is told in
 * as few frames as possible, once per turn. A cumulative ack is only sent for a number below which
 * everything has been told or is told by it.
 */
export class Confirms {
  /** Publishes so far. */
  last = 0
  /** Number of the first one in `#states`. */
  #first = 1
  #states = new Uint8Array(256)
  /** Told of scattered ones is to be sought up to here. */
  #scattered = 0

  /** Numbers a publish. */
  next(): number {
    const at = ++this.last - this.#first
    if (at >= this.#states.length) this.#grow()
    this.#states[at] = PENDING
    return this.last
  }

  /** Publishes that have not been told. */
  get open(): number {
    return this.last - this.#first + 1
  }

  /** Those from one to another, without what was refused. */
  stored(from: number, to = from): void {
    for (let tag = Math.max(from, this.#first); tag <= to; tag++) this.#note(tag, STORED)
  }

  refused(from: number, to = from): void {
    for (let tag = Math.max(from, this.#first); tag <= to; tag++) this.#note(tag, REFUSED)
  }

  /** Tells everything that has been noted since. */
  flush(writer: ConfirmWriter): void {
    this.#tellFirst(writer)
    const end = this.#scattered - this.#first + 1
    for (let at = 0; at < end; at++) {
      const state = this.#states[at]
      const tag = this.#first + at
      if (state === STORED) writer.ack(tag, false)
      else if (state === REFUSED) writer.nack(tag)
      else continue
      this.#states[at] = TOLD
    }
    this.#scattered = 0
  }

  #note(tag: number, state: number): void {
    if (this.#states[tag - this.#first] !== PENDING) return
    this.#states[tag - this.#first] = state
    if (tag > this.#scattered) this.#scattered = tag
  }

  /** Everything up to the first that is pending. */
  #tellFirst(writer: ConfirmWriter): void {
    let at = 0
    let stored = 0
    let highest = 0
    for (const end = this.open; at < end && this.#states[at] !== PENDING; at++) {
      if (this.#states[at] === STORED) {
        stored++
        highest = this.#first + at
      } else if (this.#states[at] === REFUSED) writer.nack(this.#first + at)
    }
    if (stored > 0) writer.ack(highest, stored > 1)
    if (at === 0) return
    this.#states.copyWithin(0, at, this.open)
    this.#first += at
  }

  #grow(): void {
    const larger = new Uint8Array(this.#states.length * 2)
    larger.set(this.#states)
    this.#states = larger
  }
}
