import type { Reading } from '../services/gauge.ts'
import { Gauge } from '../services/gauge.ts'
import type { Lives } from './lives.ts'
import type { RunState } from './run-state.ts'

/** Between two looks, ms. */
const LOOK_MS = 50

/** Looks how far the run is: who is at work, and what the databases say. */
export class Lookout {
  readonly #dir: string
  readonly #lives: Lives
  readonly #state: RunState
  #gauge: Gauge | undefined
  #lookedAt = 0
  #mark = ''
  #movedAt = performance.now()
  /** All input is taken in, and everything that follows from it is done or parked. */
  drained = false

  constructor(dir: string, lives: Lives, state: RunState) {
    this.#dir = dir
    this.#lives = lives
    this.#state = state
  }

  /** True when it looked; not more often than twenty times a second. */
  look(): boolean {
    const now = performance.now()
    if (now - this.#lookedAt < LOOK_MS) return false
    this.#lookedAt = now
    this.seeWhoIsBack()
    // It must be fed before the databases are read: what it takes in later is not in them.
    const fed = this.#lives.taker?.report?.fed === true
    const reading = this.#read()
    if (reading === undefined) return true
    this.#state.progress = reading
    this.#see(reading)
    this.drained = fed && reading.missing === reading.givenUp
    return true
  }

  /** Part of each look; also wanted before a kill and at the end, so that none is missed. */
  seeWhoIsBack(): void {
    const { all } = this.#lives
    this.#state.starting = all.filter(({ ready }) => !ready).map(({ name }) => name)
    for (const life of all) {
      const hit = this.#state.hits.findLast(({ process }) => process === life.name)
      if (hit && life.startMs !== undefined) hit.backMs ??= life.startMs
    }
  }

  /** From now on it is counted for how long nothing moves. */
  moved(): void {
    this.#movedAt = performance.now()
  }

  get stillMs(): number {
    return performance.now() - this.#movedAt
  }

  close(): void {
    this.#gauge?.close()
  }

  /** The databases are there once every service has started once. */
  #read(): Reading | undefined {
    if (this.#lives.taker && this.#lives.allReady) this.#gauge ??= new Gauge(this.#dir)
    return this.#gauge?.read()
  }

  #see({ taken, effects, missing, givenUp }: Reading): void {
    const mark = `${taken} ${effects} ${missing} ${givenUp}`
    if (mark !== this.#mark) this.moved()
    this.#mark = mark
  }
}
