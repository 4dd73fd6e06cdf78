import type { Clock } from '@hufu/os'

/** What one connection may do before others get their turn, ms of work. */
const SHARE_MS = 8

/** The clock is looked at once for so many pieces of work. */
const LOOK_EVERY = 4

/** Keeps one connection's work from filling a turn of the event loop: it rests until the next. */
export class TurnShare {
  readonly #clock: Clock
  readonly #rested: () => void
  #began = 0
  #pieces = 0
  #waits = false
  #stopped = 0

  /** `rested`: the next turn has come. */
  constructor(clock: Clock, rested: () => void) {
    this.#clock = clock
    this.#rested = rested
  }

  /** Nothing more is to be begun now. */
  get resting(): boolean {
    return this.#waits || this.#stopped > 0
  }

  /** Nothing is to be begun until as many `goOn`s have come. */
  stop(): void {
    this.#stopped++
  }

  goOn(): void {
    this.#stopped--
    this.#wait()
  }

  /** Something has come, at this monotonic time: a turn begins. */
  begin(now: number): void {
    if (!this.resting) this.#began = now
  }

  /** A piece of work is done. */
  worked(): void {
    if (++this.#pieces % LOOK_EVERY !== 0 || this.resting) return
    if (this.#clock.mono() - this.#began < SHARE_MS) return
    this.#wait()
  }

  #wait(): void {
    if (this.#waits) return
    this.#waits = true
    this.#clock.turn(() => {
      this.#waits = false
      this.#began = this.#clock.mono()
      if (this.#stopped === 0) this.#rested()
    })
  }
}
