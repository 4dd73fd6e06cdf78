import type { SeededRandom } from './random.ts'

/** So many bytes may be on their way or unread at the receiver; what is beyond waits. */
const WINDOW_BYTES = 256 * 1024

/** Longest piece that arrives at once, bytes. */
const PIECE_BYTES_MAX = 64 * 1024

/** What ends a direction: in order (`fin`), or broken (`reset`). */
export type Mark = 'fin' | 'reset'
export type Item = Uint8Array | Mark

export interface PipeOptions {
  readonly random: SeededRandom
  /** Has `arrive` run after the network's delay, in the order of the calls. */
  readonly travel: (arrive: () => void) => void
  readonly arrived: (item: Item) => void
  /** Bytes that arrived and are not read yet. */
  readonly unread: () => number
  /** The system has taken all that was written. */
  readonly taken: () => void
  /** The system has taken the end, and all before it. */
  readonly ended: () => void
}

/**
 * One direction of a connection. As on a real network what was written arrives in other pieces, cut
 * and joined by chance.
 */
export class Pipe {
  /** Bytes written and not yet taken by the system. */
  buffered = 0
  readonly #options: PipeOptions
  #waiting: Uint8Array[] = []
  #ending = false
  #flight: Item[] = []
  #flightBytes = 0

  constructor(options: PipeOptions) {
    this.#options = options
  }

  write(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#waiting.push(bytes)
    this.buffered += bytes.length
    this.pump()
  }

  /** Ends the direction after what is written. */
  end(): void {
    this.#ending = true
    this.pump()
  }

  /** Drops what waits; nothing more is sent but by `break`. */
  drop(): void {
    this.#waiting = []
    this.buffered = 0
    this.#ending = false
  }

  /** Drops what waits, and ends the direction with a mark. */
  break(mark: Mark): void {
    this.drop()
    this.#launch(mark)
  }

  /** Of what is on its way only the first bytes arrive, however many. */
  lose(): void {
    let keep = this.#options.random.below(this.#flightBytes + 1)
    const arriving: Item[] = []
    for (const item of this.#flight) {
      if (typeof item === 'string' || keep === 0) break
      const piece = item.subarray(0, keep)
      arriving.push(piece)
      keep -= piece.length
    }
    this.#flight = arriving
    this.#flightBytes = arriving.reduce((sum, item) => sum + item.length, 0)
  }

  /** Lets the system take what it has room for. To be called when the receiver has read. */
  pump(): void {
    const before = this.buffered
    while (this.#waiting.length > 0) {
      const room = WINDOW_BYTES - this.#flightBytes - this.#options.unread()
      if (room <= 0) return
      this.#take(room)
    }
    if (before > 0) this.#options.taken()
    if (!this.#ending) return
    this.#ending = false
    this.#launch('fin')
    this.#options.ended()
  }

  #take(room: number): void {
    const { random } = this.#options
    const first = this.#waiting[0]!
    let length = Math.min(first.length, room, PIECE_BYTES_MAX)
    if (random.chance(0.25)) length = 1 + random.below(length)
    // A copy: from now on the writer may use its memory again.
    const piece = first.slice(0, length)
    if (length === first.length) this.#waiting.shift()
    else this.#waiting[0] = first.subarray(length)
    this.buffered -= length
    this.#flightBytes += length
    if (random.chance(0.25) && this.#join(piece)) return
    this.#launch(piece)
  }

  /** Puts the piece to the last one that is on its way; false when there is none that it fits. */
  #join(piece: Uint8Array): boolean {
    const last = this.#flight.at(-1)
    if (!(last instanceof Uint8Array) || last.length + piece.length > PIECE_BYTES_MAX) return false
    const joined = new Uint8Array(last.length + piece.length)
    joined.set(last)
    joined.set(piece, last.length)
    this.#flight[this.#flight.length - 1] = joined
    return true
  }

  #launch(item: Item): void {
    this.#flight.push(item)
    this.#options.travel(() => {
      const arriving = this.#flight.shift()
      if (arriving === undefined) return
      if (typeof arriving !== 'string') this.#flightBytes -= arriving.length
      this.#options.arrived(arriving)
    })
  }
}
