import { setTimeout as sleep } from 'node:timers/promises'
import type { Spooled } from '../input/spool.ts'
import type { Pattern } from '../options.ts'
import type { CrashPoint } from './crash-points.ts'
import type { Kill } from './kill-plan.ts'
import type { Progress } from './messages.ts'
import { WorkerProcess } from './worker-process.ts'

/** Nothing moves for so long: the run has failed, ms. */
const STALL_MS = 60_000

/** A worker that was told to stop has so long, ms. */
const STOP_MS = 30_000

const POLL_MS = 10

/** A worker that does not come to its crash point is killed from outside after so long, ms. */
const POINT_MS = 2_000

/** Taking in the orders takes so long, ms, so that kills find work; restarts come on top. */
const WORK_MS = 15_000

/** Least and most of it that one life of a worker gets, ms. */
const LIFE_MS_MIN = 300
const LIFE_MS_MAX = 1_500

/** Lines per second as long as nobody knows how many there are. */
const RATE_UNKNOWN = 300

/** The run cannot go on: a worker died by itself, hangs, or the input broke off. */
export class RunFailedError extends Error {}

export interface RunOptions {
  readonly dir: string
  readonly pattern: Pattern
  readonly seed: number
  readonly plan: readonly Kill[]
  /** Lines per second; undefined: so that every life of a worker has work. */
  readonly rate: number | undefined
  readonly unreachable: readonly string[]
  readonly spooled: Spooled
  readonly signal: AbortSignal
  /** Told about twenty times a second. */
  readonly watch: (run: RunState) => void
}

/** What a kill hit. */
export interface Hit {
  readonly during: 'start' | 'work' | 'drain' | 'idle' | CrashPoint
  readonly taken: number
  readonly open: number
}

/** What is known of the run; for the eye, the verdict does not rest on it. */
export interface RunState {
  progress: Progress | undefined
  readonly hits: Hit[]
  /** Deliveries that had taken effect before, and failed ones, over all lives; at least so many. */
  repeated: number
  retried: number
  /** Of each start after a kill, ms. */
  readonly restartMs: number[]
}

/** Starts workers, kills them as planned, and lets the last one finish. */
export class Supervisor {
  readonly state: RunState = {
    progress: undefined,
    hits: [],
    repeated: 0,
    retried: 0,
    restartMs: [],
  }
  readonly #options: RunOptions
  #worker: WorkerProcess | undefined
  #told: Progress | undefined
  #movedAt = performance.now()
  #mark = ''
  #paced = false

  constructor(options: RunOptions) {
    this.#options = options
  }

  /** Resolves when all is done and no worker lives; throws `RunFailedError`, or what aborted it. */
  async run(): Promise<void> {
    try {
      this.#start()
      for (const kill of this.#options.plan) {
        await this.#kill(kill)
        this.#start()
      }
      await this.#until(() => this.#told?.drained === true)
      await this.#stop()
    } finally {
      await this.#worker?.kill()
    }
  }

  #start(): void {
    const { dir, pattern, seed, unreachable } = this.#options
    this.#paced = this.#options.spooled.complete
    this.#told = undefined
    this.#movedAt = performance.now()
    this.#worker = new WorkerProcess({ dir, pattern, seed, unreachable, rate: this.#rate() })
  }

  async #kill({ moment, share, delayMs, point }: Kill): Promise<void> {
    const worker = this.#worker!
    if (moment === 'working') await this.#until(() => this.#reached(share))
    const at = performance.now() + delayMs
    await this.#until(() => performance.now() >= at)
    const told = worker.progress
    const there = point !== undefined && (await this.#diesAt(worker, point))
    if (!there && !(await worker.kill())) throw this.#died(worker)
    const hit = hitOf(told, this.state.progress)
    this.state.hits.push(there ? { ...hit, during: point } : hit)
    this.#settleLife(worker)
  }

  /** True when the worker came to the point and ended itself there. */
  async #diesAt(worker: WorkerProcess, point: CrashPoint): Promise<boolean> {
    worker.tell({ dieAt: point })
    await Promise.race([worker.ended, sleep(POINT_MS, undefined, { ref: false })])
    return worker.end === 'SIGKILL'
  }

  async #stop(): Promise<void> {
    const worker = this.#worker!
    worker.tell('stop')
    const stopped = await Promise.race([worker.ended, sleep(STOP_MS, 'late', { ref: false })])
    if (stopped === 'late') {
      throw new RunFailedError(`Stopping the worker: it did not end within ${STOP_MS / 1000} s`)
    }
    if (worker.end !== 'exit code 0') throw this.#died(worker)
    this.#settleLife(worker)
  }

  /** Waits, watching that the worker lives and something moves. */
  async #until(condition: () => boolean): Promise<void> {
    const worker = this.#worker!
    while (true) {
      this.#options.signal.throwIfAborted()
      if (worker.end !== undefined) throw this.#died(worker)
      this.#observe(worker)
      if (condition()) return
      if (performance.now() - this.#movedAt > STALL_MS) {
        const text = `nothing has moved for ${STALL_MS / 1000} s`
        throw new RunFailedError(`Waiting for the worker: ${text}\n${worker.tail}`.trim())
      }
      await sleep(POLL_MS)
    }
  }

  #observe(worker: WorkerProcess): void {
    const { progress } = worker
    if (progress === undefined || progress === this.#told) return
    this.#told = progress
    this.state.progress = progress
    const mark = `${progress.taken} ${progress.effects} ${progress.open} ${progress.parked}`
    const waits = progress.hungry && !this.#options.spooled.complete
    if (mark !== this.#mark || waits) this.#movedAt = performance.now()
    this.#mark = mark
    if (!this.#paced && this.#options.spooled.complete) {
      this.#paced = true
      worker.tell({ rate: this.#rate() })
    }
    this.#options.watch(this.state)
  }

  /** The worker is at work and so much of the input is taken in. */
  #reached(share: number): boolean {
    const told = this.#told
    if (told === undefined) return false
    const { lines, complete } = this.#options.spooled
    // Nobody knows how much is to come: each worker gets its time.
    if (!complete) return performance.now() - this.#worker!.startedAt >= this.#lifeMs()
    return told.drained || told.line >= share * lines
  }

  #rate(): number {
    const { rate, spooled, plan } = this.#options
    if (rate !== undefined) return rate
    if (!spooled.complete) return RATE_UNKNOWN
    return Math.max(1, (spooled.lines * 1_000) / ((plan.length + 1) * this.#lifeMs()))
  }

  #lifeMs(): number {
    const lifeMs = WORK_MS / (this.#options.plan.length + 1)
    return Math.min(LIFE_MS_MAX, Math.max(LIFE_MS_MIN, lifeMs))
  }

  #settleLife(worker: WorkerProcess): void {
    this.state.repeated += worker.progress?.repeated ?? 0
    this.state.retried += worker.progress?.retried ?? 0
    if (worker.startMs !== undefined) this.state.restartMs.push(worker.startMs)
  }

  #died(worker: WorkerProcess): RunFailedError {
    const text = `Running the worker: it ended by itself, ${worker.end}`
    return new RunFailedError(`${text}\n${worker.tail}`.trim())
  }
}

function hitOf(told: Progress | undefined, before: Progress | undefined): Hit {
  const { taken = 0, open = 0 } = told ?? before ?? {}
  if (told === undefined) return { during: 'start', taken, open }
  return { during: told.drained ? 'idle' : told.hungry ? 'drain' : 'work', taken, open }
}
