import type { Os } from '../os.ts'
import { SimulatedClock } from './clock.ts'
import { SimulatedDisk } from './disk.ts'
import type { Keep } from './file-data.ts'
import { SimulatedNet } from './net.ts'
import type { SimulatedProcess } from './process.ts'
import { SeededRandom } from './random.ts'
import { Scheduler } from './scheduler.ts'
import { Trace } from './trace.ts'

export interface SimulatedOsOptions {
  /** A safe integer; fixes everything that happens in the world. */
  readonly seed: number
  /** Wall-clock time at the start, ms since 1970. Default 2026-01-01. */
  readonly wallStart?: number
  /** Size of the disk, bytes. Default 1 TiB. */
  readonly capacityBytes?: number
  /**
   * Shortest and longest time of a disk call, ms; one in 50 takes 20 times as long. Default 0.02,
   * 1.
   */
  readonly diskLatencyMs?: readonly [min: number, max: number]
  /** Shortest and longest time that bytes are on their way, ms. Default 0.05, 2. */
  readonly netLatencyMs?: readonly [min: number, max: number]
  /** Events that one `run` or `settle` may take before it rejects. Default 1,000,000. */
  readonly eventsMax?: number
  /** Gets a line for every disk call, timer, crash and kill; for finding where two runs part. */
  readonly onTrace?: (line: string) => void
}

/** A seeded world for one program: machine and network, repeatable to the last byte. */
export function simulatedOs(options: SimulatedOsOptions): SimulatedOs {
  return new SimulatedOs(options)
}

export class SimulatedOs {
  /** The disk's faults and counters; it outlives the processes. */
  readonly disk: SimulatedDisk
  readonly clock: SimulatedClock
  /** The clients' side of the network; it outlives the processes. */
  readonly net: SimulatedNet
  /** For the test's own choices; forked, so that they do not shift what the world does. */
  readonly random: SeededRandom
  readonly trace: Trace
  readonly #seeds: SeededRandom
  readonly #scheduler: Scheduler
  #process: SimulatedProcess
  #os: Os
  #crashError: Error | undefined

  constructor(options: SimulatedOsOptions) {
    this.#seeds = new SeededRandom(options.seed)
    this.random = this.#seeds.fork('test')
    this.trace = new Trace(options.onTrace)
    const scheduler = new Scheduler(this.#seeds.fork('scheduler'), this.trace, options.eventsMax)
    this.#scheduler = scheduler
    this.clock = new SimulatedClock(scheduler, this.#seeds.fork('clock'), options.wallStart)
    const latencyMs = options.diskLatencyMs ?? [0.02, 1]
    const random = this.#seeds.fork('disk')
    const calls = { scheduler, random, trace: this.trace, latencyMs }
    this.disk = new SimulatedDisk(calls, options.capacityBytes)
    const netLatencyMs = options.netLatencyMs ?? [0.05, 2]
    const [net, netTrace] = [this.#seeds.fork('net'), this.trace]
    this.net = new SimulatedNet({
      scheduler,
      random: net,
      trace: netTrace,
      latencyMs: netLatencyMs,
    })
    this.#process = { number: 1, startedAt: 0, alive: true }
    this.#os = this.#osFor(this.#process)
  }

  /** What the running process gets. After a crash or kill this is the next process's. */
  get os(): Os {
    return this.#os
  }

  /** The error with which the last process ended itself; undefined when it did not. */
  get crashError(): Error | undefined {
    return this.#crashError
  }

  /** Runs what is due up to `elapsed` ms; without it, until only background timers are left. */
  run(elapsed?: number): Promise<void> {
    return this.#scheduler.run(elapsed)
  }

  /** Runs what is due in the next `ms`. */
  runFor(ms: number): Promise<void> {
    return this.#scheduler.run(this.#scheduler.now + ms)
  }

  /** Runs until `promise` settles; rejects when nothing is due any more that could settle it. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    const process = this.#process
    try {
      return await this.#scheduler.settle(promise)
    } catch (error) {
      if (process.alive || this.#crashError === undefined) throw error
      throw new Error(`${String(error)}; the process ended itself`, { cause: this.#crashError })
    }
  }

  /**
   * The power fails: the process ends, and of all that was not synced each sector, and of the names
   * in each folder the first few, survive by chance. `keep: 'all' | 'none'` leaves out the chance.
   * What the dead process had pending never settles, nor does a call that it still makes.
   */
  crash(options: { keep?: Keep } = {}): void {
    const keep = options.keep ?? 'some'
    this.trace.add(`${this.#scheduler.now} power cut, keep ${keep}`)
    this.#end(keep, 'power cut')
    this.disk.powerCut(keep)
  }

  /** `kill -9`: the process ends, the machine goes on; a write under way got to some byte. */
  kill(): void {
    this.trace.add(`${this.#scheduler.now} kill`)
    this.#end('some', 'kill')
  }

  #end(keep: Keep, by: 'kill' | 'power cut', error?: Error): void {
    const ended = this.#process
    ended.alive = false
    this.#scheduler.dropOf(ended)
    this.disk.processEnded(ended, keep)
    this.net.processEnded(ended, by)
    this.#crashError = error
    this.#process = { number: ended.number + 1, startedAt: this.#scheduler.now, alive: true }
    this.#os = this.#osFor(this.#process)
  }

  #osFor(process: SimulatedProcess): Os {
    return {
      disk: this.disk.portFor(process),
      clock: this.clock.portFor(process),
      net: this.net.portFor(process),
      random: this.#seeds.fork(`process ${process.number}`),
      crash: (error) => {
        if (!process.alive) return
        this.trace.add(`${this.#scheduler.now} process ${process.number} ends: ${error.message}`)
        this.#end('some', 'kill', error)
      },
    }
  }
}
