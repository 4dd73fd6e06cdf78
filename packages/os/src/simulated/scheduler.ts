import { type Event, EventHeap } from './event-heap.ts'
import type { SimulatedProcess } from './process.ts'
import type { SeededRandom } from './random.ts'
import type { Trace } from './trace.ts'

/**
 * The smallest step of virtual time, ms. A power of two, so that sums and differences of times are
 * exact and "not before 100 ms" can be checked with `>=`.
 */
export const TICK_MS = 1 / 1024

/** Events of one call of `run`, `runFor` or `settle`, unless given. */
export const EVENTS_MAX_DEFAULT = 1_000_000

/**
 * After so many events the real event loop gets a turn, so that a long simulation can be stopped.
 */
const EVENTS_PER_BREATH = 1_000

/** So many cancelled events may lie in the heap until it is swept. */
const CANCELLED_MAX = 10_000

interface Scheduled extends Event {
  readonly owner: SimulatedProcess
  readonly background: boolean
  over: boolean
}

export interface ScheduleOptions {
  /** Does not keep `run` going on its own. Default false. */
  background?: boolean
  /**
   * Keeps its order among the others of the same time that are `inOrder`. Default false: seeded.
   */
  inOrder?: boolean
}

/** Virtual time: runs one event, lets every promise it settled run to its end, runs the next. */
export class Scheduler {
  /** Virtual time since the world began, ms; a multiple of `TICK_MS`. */
  now = 0
  readonly #heap = new EventHeap<Scheduled>()
  readonly #random: SeededRandom
  readonly #trace: Trace
  readonly #eventsMax: number
  #sequence = 0
  #foreground = 0
  #cancelled = 0
  #running = false

  constructor(random: SeededRandom, trace: Trace, eventsMax = EVENTS_MAX_DEFAULT) {
    this.#random = random
    this.#trace = trace
    this.#eventsMax = eventsMax
  }

  /**
   * Runs `run` after `delayMs`, never earlier, unless its process has ended. Returns the undoing.
   */
  schedule(
    owner: SimulatedProcess,
    delayMs: number,
    run: () => void,
    options: ScheduleOptions = {},
  ): () => void {
    if (!owner.alive || delayMs === Number.POSITIVE_INFINITY) return () => {}
    const at = this.now + Math.ceil(Math.max(0, delayMs) / TICK_MS) * TICK_MS
    const tie = options.inOrder ? 0 : this.#random.word()
    const background = options.background ?? false
    const event = { at, tie, sequence: this.#sequence++, run, owner, background, over: false }
    this.#heap.push(event)
    if (!background) this.#foreground++
    return () => this.#cancel(event)
  }

  /** Drops all that a process has coming. */
  dropOf(owner: SimulatedProcess): void {
    this.#heap.keep((event) => {
      if (event.owner !== owner) return true
      this.#finish(event)
      return false
    })
  }

  /** Runs what is due up to `untilMs`; without it, until only background events are left. */
  async run(untilMs?: number): Promise<void> {
    const idle = () => this.#foreground === 0
    if (untilMs === undefined) return this.#loop(idle, Number.POSITIVE_INFINITY)
    await this.#loop(() => false, untilMs)
    this.now = Math.max(this.now, Math.ceil(untilMs / TICK_MS) * TICK_MS)
  }

  /**
   * Runs until `promise` settles, background events too, and hands on what it settled with.
   * Rejects when nothing is left that could settle it.
   */
  async settle<T>(promise: Promise<T>): Promise<T> {
    let settled = false
    const done = () => {
      settled = true
    }
    promise.then(done, done)
    await this.#loop(() => settled, Number.POSITIVE_INFINITY)
    if (settled) return promise
    throw new Error(
      `Cannot settle the promise: still pending when nothing is due any more, at ${this.now} ms`,
    )
  }

  async #loop(done: () => boolean, untilMs: number): Promise<void> {
    if (this.#running) throw new Error('Cannot run the simulation: it is running already')
    this.#running = true
    try {
      await promisesRun()
      for (let events = 1; !done(); events++) {
        const event = this.#take(untilMs)
        if (event === undefined) return
        if (events > this.#eventsMax) throw this.#endless()
        this.now = event.at
        this.#trace.add(`${event.at} event ${event.sequence}`)
        event.run()
        await promisesRun()
        if (events % EVENTS_PER_BREATH === 0) await breath()
      }
    } finally {
      this.#running = false
    }
  }

  #take(untilMs: number): Scheduled | undefined {
    for (;;) {
      const event = this.#heap.peek()
      if (event === undefined || event.at > untilMs) return undefined
      this.#heap.pop()
      if (event.over) continue
      this.#finish(event)
      return event
    }
  }

  #cancel(event: Scheduled): void {
    if (event.over) return
    this.#finish(event)
    if (++this.#cancelled < CANCELLED_MAX) return
    this.#heap.keep((other) => !other.over)
    this.#cancelled = 0
  }

  #finish(event: Scheduled): void {
    if (event.over) return
    event.over = true
    if (!event.background) this.#foreground--
  }

  #endless(): Error {
    const cause = `more than ${this.#eventsMax} events, at ${this.now} ms`
    return new Error(`Cannot end the simulation: ${cause}`)
  }
}

/** Node empties the queue of promise jobs, however long, before it takes the next tick. */
function promisesRun(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve))
}

function breath(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
