/** What a frame costs besides its bytes. */
const FRAME_COST = 128

/** A frame that has come and waits. */
export interface WaitingFrame {
  readonly type: number
  readonly payload: Uint8Array
}

/** Frames of a channel behind a method that takes its time, in their order. */
export class FrameLine {
  #frames: WaitingFrame[] = []
  #at = 0
  /** What they take in memory, bytes. */
  bytes = 0

  get length(): number {
    return this.#frames.length - this.#at
  }

  /** The payload is copied. Returns what it takes. */
  add(type: number, payload: Uint8Array): number {
    this.#frames.push({ type, payload: Buffer.from(payload) })
    const bytes = payload.length + FRAME_COST
    this.bytes += bytes
    return bytes
  }

  /** The next one, and what it took; undefined: none waits. */
  next(): (WaitingFrame & { readonly bytes: number }) | undefined {
    const frame = this.#frames[this.#at]
    if (frame === undefined) return undefined
    this.#at++
    if (this.#at === this.#frames.length) {
      this.#frames = []
      this.#at = 0
    }
    const bytes = frame.payload.length + FRAME_COST
    this.bytes -= bytes
    return { ...frame, bytes }
  }
}
