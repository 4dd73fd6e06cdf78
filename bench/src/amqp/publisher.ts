import type { Client } from './client.ts'
import type { Publishes } from './frames.ts'
import type { Latency } from './latency.ts'

/** Messages whose time of sending is kept. */
const TIMES = 65_536

/** What a publisher may still send. */
export interface Room {
  /** Messages, at this moment; without confirms and bound it is without end. */
  room(): number
  sent(count: number): void
}

/** One connection that publishes: keeps its window full, or sends what it is told to. */
export class Publisher {
  /** Confirmed so far. */
  confirmed = 0
  readonly #client: Client
  readonly #publishes: Publishes
  readonly #window: number
  readonly #room: Room
  readonly #latency: Latency
  readonly #sentAt = new Float64Array(TIMES)
  #sent = 0
  /** All up to it are confirmed; some above it may be. */
  #upTo = 0
  readonly #single = new Set<number>()
  /** Set once per read. */
  #now = 0

  constructor(client: Client, publishes: Publishes, window: number, room: Room, latency: Latency) {
    this.#client = client
    this.#publishes = publishes
    this.#window = window
    this.#room = room
    this.#latency = latency
  }

  /** Confirms are taken, and each read is followed by as many publishes as go. */
  closedLoop(): void {
    this.#listen(() => this.pump())
    this.#client.socket.on('drain', () => this.pump())
  }

  openLoop(): void {
    this.#listen(() => undefined)
  }

  #listen(then: () => void): void {
    this.#client.hearing = {
      confirmed: (tag, multiple) => this.#confirm(tag, multiple),
      turn: () => {
        this.#now = 0
        then()
      },
    }
  }

  /** Sends what the window and the bound allow; without a window as much as the socket takes. */
  pump(): void {
    const { socket } = this.#client
    for (;;) {
      const free = this.#window > 0 ? this.#window - (this.#sent - this.confirmed) : TIMES
      const count = Math.min(free, this.#room.room(), this.#publishes.most)
      if (count <= 0 || (this.#window === 0 && socket.writableNeedDrain)) return
      this.#note(count)
      socket.write(this.#publishes.take(count))
    }
  }

  /** Sends messages that say which they are. */
  send(count: number, publisher: number): void {
    for (let left = count; left > 0; left -= this.#publishes.most) {
      const now = Math.min(left, this.#publishes.most)
      const first = this.#sent + 1
      this.#note(now)
      this.#client.socket.write(this.#publishes.numbered(now, publisher, first))
    }
  }

  sentAt(number: number): number {
    return this.#sentAt[number % TIMES]!
  }

  close(): void {
    this.#client.close()
  }

  #note(count: number): void {
    const now = performance.now()
    if (this.#window > 0 && this.#sent + count - this.#upTo >= TIMES) {
      throw new Error(`${TIMES} messages wait for their confirm`)
    }
    for (let n = 0; n < count; n++) this.#sentAt[++this.#sent % TIMES] = now
    this.#room.sent(count)
  }

  #confirm(tag: number, multiple: boolean): void {
    if (multiple) while (this.#upTo < tag) this.#next()
    else if (tag > this.#upTo + 1) this.#confirmSingle(tag)
    else this.#next()
    while (this.#single.size > 0 && this.#single.has(this.#upTo + 1)) this.#next()
  }

  #confirmSingle(tag: number): void {
    this.#single.add(tag)
    this.#count(tag)
  }

  #next(): void {
    const tag = ++this.#upTo
    if (this.#single.size === 0 || !this.#single.delete(tag)) this.#count(tag)
  }

  #count(tag: number): void {
    this.#now ||= performance.now()
    this.confirmed++
    this.#latency.add(this.#now - this.#sentAt[tag % TIMES]!)
  }
}
