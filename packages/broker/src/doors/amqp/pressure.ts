import type { Connection } from '@hufu/os'

/** Bytes of frames that wait behind methods, before no more is read. */
const WAITING_MAX = 1 << 20

/** Who takes nothing for so long is gone, ms. */
const STUCK_MS = 120_000

/** Whether a connection is read, and whether what is sent to it gets away. */
export class Pressure {
  readonly #socket: Connection
  #held = 0
  #waitingBytes = 0
  #congested = false
  /** When the socket last took something while it was congested, ms; and what was left then. */
  #stuck = { since: 0, left: 0 }

  constructor(socket: Connection) {
    this.#socket = socket
  }

  /** Nothing is read. */
  get held(): boolean {
    return this.#held > 0
  }

  /** The socket takes no more for now. */
  get congested(): boolean {
    return this.#congested
  }

  /** No more is read until as many `release`s have come. */
  hold(): void {
    if (this.#held++ === 0) this.#socket.pause()
  }

  release(): void {
    if (--this.#held === 0) this.#socket.resume()
  }

  /** Frames wait behind methods, or for what is to be sent to get away. */
  get hasWaiting(): boolean {
    return this.#waitingBytes > 0
  }

  /** So many bytes more, or fewer, wait behind methods. */
  waiting(bytes: number): void {
    const before = this.#waitingBytes > WAITING_MAX
    this.#waitingBytes += bytes
    const after = this.#waitingBytes > WAITING_MAX
    if (!before && after) this.hold()
    if (before && !after) this.release()
  }

  /** The socket is full. Each thing that the client asks for would be one more to send. */
  congest(now: number): void {
    this.#congested = true
    this.#stuck = { since: now, left: this.#socket.buffered }
    this.hold()
  }

  relieve(): void {
    this.#congested = false
    this.release()
  }

  /** It has taken nothing of what is sent to it for long. */
  isStuck(now: number): boolean {
    if (!this.#congested) return false
    const { buffered } = this.#socket
    if (buffered !== this.#stuck.left) this.#stuck = { since: now, left: buffered }
    return now - this.#stuck.since > STUCK_MS
  }
}
