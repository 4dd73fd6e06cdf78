import type { Clock } from '../clock.ts'
import type { SimulatedProcess } from './process.ts'
import type { SeededRandom } from './random.ts'
import { type Scheduler, TICK_MS } from './scheduler.ts'

/** 2026-01-01T00:00:00Z, milliseconds since 1970. */
const WALL_START_DEFAULT = 1_767_225_600_000

/** A timer fires up to so many ms late, as on a real machine; never early. */
const TIMER_LATE_MS_MAX = 1

/** Virtual time as the program sees it: no time passes while it computes. */
export class SimulatedClock {
  readonly #scheduler: Scheduler
  readonly #random: SeededRandom
  #wallOffset: number

  constructor(scheduler: Scheduler, random: SeededRandom, wallStart = WALL_START_DEFAULT) {
    this.#scheduler = scheduler
    this.#random = random
    this.#wallOffset = wallStart
  }

  /** Virtual time since the world began, ms; what `run(until)` counts in. */
  get elapsed(): number {
    return this.#scheduler.now
  }

  /** Wall-clock time, whole ms since 1970. */
  now(): number {
    return Math.floor(this.#scheduler.now + this.#wallOffset)
  }

  /** Sets the wall clock forward by `ms`, back when negative. Monotonic time does not notice. */
  jump(ms: number): void {
    this.#wallOffset += ms
  }

  /** The clock of one process; its timers end with it. */
  portFor(process: SimulatedProcess): Clock {
    const scheduler = this.#scheduler
    return {
      now: () => this.now(),
      mono: () => scheduler.now - process.startedAt,
      timer: (ms, fn, options) => {
        const late = this.#random.next() * TIMER_LATE_MS_MAX
        return { cancel: scheduler.schedule(process, ms + late, fn, options) }
      },
      // One tick later all that is due now has run; turns keep their order.
      turn: (fn) => void scheduler.schedule(process, TICK_MS, fn, { inOrder: true }),
    }
  }
}
