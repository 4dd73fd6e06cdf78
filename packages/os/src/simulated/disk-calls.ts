import { diskError } from './disk-error.ts'
import { type DiskCall, type DiskCallKind, FaultPlan } from './faults.ts'
import type { FileData } from './file-data.ts'
import type { SimulatedProcess } from './process.ts'
import type { SeededRandom } from './random.ts'
import type { Scheduler } from './scheduler.ts'
import type { Trace } from './trace.ts'

/** One call in so many takes `SLOW_FACTOR` times as long, so that calls overtake each other. */
const SLOW_ONE_IN = 50
const SLOW_FACTOR = 20

/** A write between its call and its end. */
export interface WriteInFlight {
  readonly process: SimulatedProcess
  readonly file: FileData
  readonly bytes: Uint8Array
  readonly position: number
}

export interface CallsOptions {
  readonly scheduler: Scheduler
  readonly random: SeededRandom
  readonly trace: Trace
  readonly latencyMs: readonly [min: number, max: number]
}

/** What every call of the simulated disk goes through: counts, faults, a delay, the trace. */
export class DiskCalls {
  readonly faults = new FaultPlan()
  readonly counts: Record<DiskCallKind, number> = zeroCounts()
  bytesWritten = 0
  readonly inFlight = new Set<WriteInFlight>()
  readonly random: SeededRandom
  readonly #scheduler: Scheduler
  readonly #delays: SeededRandom
  readonly trace: Trace
  readonly #latencyMs: readonly [min: number, max: number]

  constructor(options: CallsOptions) {
    this.#scheduler = options.scheduler
    this.random = options.random.fork('effects')
    this.#delays = options.random.fork('delays')
    this.trace = options.trace
    this.#latencyMs = options.latencyMs
  }

  /**
   * Runs `effect` after a seeded delay and settles with it; `effect` gets the code of a planned
   * fault and has to throw it. Never settles when the process ends first.
   */
  run<T>(process: SimulatedProcess, call: DiskCall, effect: (fault?: string) => T): Promise<T> {
    // Code that a kill finds in the midst of a turn may get here; a dead process hears nothing.
    if (!process.alive) return new Promise(() => undefined)
    this.counts[call.kind]++
    const fault = this.faults.take(call)
    return new Promise((resolve, reject) => {
      this.#scheduler.schedule(process, this.#delayMs(), () => {
        try {
          resolve(effect(fault))
          this.#note(process, call, 'ok')
        } catch (error) {
          reject(error)
          this.#note(process, call, error instanceof Error ? error.message : String(error))
        }
      })
    })
  }

  /** As `run`, for a call that a planned fault leaves without any effect. */
  runWhole<T>(process: SimulatedProcess, call: DiskCall, effect: () => T): Promise<T> {
    return this.run(process, call, (fault) => {
      if (fault !== undefined) throw diskError(fault, triedOf(call))
      return effect()
    })
  }

  #delayMs(): number {
    const [min, max] = this.#latencyMs
    const delay = min + this.#delays.next() * (max - min)
    return this.#delays.below(SLOW_ONE_IN) === 0 ? delay * SLOW_FACTOR : delay
  }

  #note(process: SimulatedProcess, call: DiskCall, outcome: string): void {
    const who = `${this.#scheduler.now} process ${process.number}`
    const where = call.position === undefined ? '' : ` ${call.position}+${call.length}`
    this.trace.add(`${who}: ${triedOf(call)}${where}: ${outcome}`)
  }
}

export function triedOf(call: DiskCall): string {
  return `${call.kind} ${call.path}`
}

function zeroCounts(): Record<DiskCallKind, number> {
  return {
    makeDir: 0,
    list: 0,
    open: 0,
    rename: 0,
    remove: 0,
    syncDir: 0,
    freeBytes: 0,
    lock: 0,
    size: 0,
    read: 0,
    write: 0,
    sync: 0,
    close: 0,
  }
}
