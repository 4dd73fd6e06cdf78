import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Spooled } from '../input/spool.ts'
import type { Pattern } from '../options.ts'
import { Gauge } from '../services/gauge.ts'
import type { CrashPoint } from './crash-points.ts'
import type { Crew } from './crew.ts'
import type { DemoProcess } from './demo-process.ts'
import type { Strike } from './kill-plan.ts'
import { Movement, within } from './movement.ts'
import type { ProcessName } from './process-names.ts'
import type { Hit, RunState } from './run-state.ts'

/** Processes that were told to stop have so long, ms. */
const STOP_MS = 30_000

const POLL_MS = 10

/** Of what a process said, shown when nothing moves. */
const TAIL_LINES = 2

/** Between two looks into the databases, ms. */
const LOOK_MS = 50

/** A process that does not come to its crash point is killed from outside after so long, ms. */
const POINT_MS = 2_000

/** Taking in the orders takes so long, ms, so that kills find work; restarts come on top. */
const WORK_MS = 15_000

/** Least and most of it that passes between two strikes, ms. */
const LIFE_MS_MIN = 300
const LIFE_MS_MAX = 1_500

/** Lines per second as long as nobody knows how many there are. */
const RATE_UNKNOWN = 300

/** The run cannot go on: a process died by itself, hangs, or the input broke off. */
export class RunFailedError extends Error {}

export interface RunOptions {
  readonly dir: string
  readonly crew: Crew
  readonly pattern: Pattern
  readonly seed: number
  readonly plan: readonly Strike[]
  /** Lines per second; undefined: so that there is work between two strikes. */
  readonly rate: number | undefined
  /** Nothing moves for so long: the run has failed, ms. */
  readonly stallMs: number
  /** Why nothing moves, where somebody outside of the run may know. */
  readonly whyStalled: () => Promise<string | undefined>
  readonly unreachable: readonly string[]
  readonly spooled: Spooled
  readonly signal: AbortSignal
  /** Told about twenty times a second. */
  readonly watch: (run: RunState) => void
}

/** Starts the processes, kills them as planned, restarts what was killed, and lets them finish. */
export class Supervisor {
  readonly state: RunState
  readonly #options: RunOptions
  readonly #startedAt = performance.now()
  readonly #lives = new Map<ProcessName, DemoProcess>()
  readonly #movement = new Movement()
  #gauge: Gauge | undefined
  #lookedAt = 0
  #struckAt = performance.now()
  #drained = false
  #paced = false

  constructor(options: RunOptions) {
    this.#options = options
    const { names } = options.crew
    this.state = { names, progress: undefined, hits: [], starting: [], repeated: 0, retried: 0 }
  }

  /** Resolves when all is done and no process lives; throws `RunFailedError`, or what aborted it. */
  async run(): Promise<void> {
    const { crew, plan } = this.#options
    try {
      for (const name of crew.names) {
        this.#start(name)
        if (name === 'broker') await this.#until(() => this.#allReady())
      }
      for (const strike of plan) await this.#strike(strike)
      await this.#until(() => this.#drained && this.#allReady())
      await this.#stop()
    } finally {
      this.#gauge?.close()
      await Promise.all([...this.#lives.values()].map((life) => life.kill()))
    }
  }

  #start(name: ProcessName): void {
    const { crew, dir, pattern, seed, unreachable, spooled } = this.#options
    if (name === crew.taker) this.#paced = spooled.complete
    const life = crew.start(name, { dir, pattern, seed, unreachable, rate: this.#rate() })
    this.#lives.set(name, life)
    this.#drained = false
    this.#movement.moved()
    const pids = Object.fromEntries([...this.#lives.values()].map(({ name, pid }) => [name, pid]))
    writeFileSync(join(dir, 'processes.json'), `${JSON.stringify(pids)}\n`)
  }

  async #strike({ targets, moment, share, delayMs, point }: Strike): Promise<void> {
    if (moment === 'working') await this.#until(() => this.#reached(share))
    const at = performance.now() + delayMs
    await this.#until(() => performance.now() >= at)
    await Promise.all(targets.map((name) => this.#kill(name, point)))
    this.#struckAt = performance.now()
    for (const name of targets) this.#start(name)
  }

  async #kill(name: ProcessName, point: CrashPoint | undefined): Promise<void> {
    const life = this.#lives.get(name)!
    const hit = this.#hitOf(life)
    const there = point !== undefined && (await this.#diesAt(life, point))
    if (!there && !(await life.kill())) throw this.#died(life)
    this.state.hits.push(there ? { ...hit, during: point } : hit)
    this.#settleLife(life)
  }

  #hitOf(life: DemoProcess): Hit {
    const { taken = 0, open = 0 } = this.state.progress ?? {}
    const atMs = performance.now() - this.#startedAt
    const hungry = this.#taker()?.report?.hungry === true
    const working = this.#drained ? 'idle' : hungry ? 'drain' : 'work'
    return { process: life.name, atMs, during: life.ready ? working : 'start', taken, open }
  }

  /** True when the process came to the point and ended itself there. */
  async #diesAt(life: DemoProcess, point: CrashPoint): Promise<boolean> {
    life.tell({ dieAt: point })
    await within(POINT_MS, life.ended)
    return life.end === 'SIGKILL'
  }

  /** The broker last, so that the services can end in order. */
  async #stop(): Promise<void> {
    const lives = [...this.#lives.values()]
    await this.#end(lives.filter(({ name }) => name !== 'broker'))
    await this.#end(lives.filter(({ name }) => name === 'broker'))
  }

  async #end(lives: readonly DemoProcess[]): Promise<void> {
    const startedAt = performance.now()
    for (const life of lives) life.stop()
    for (const life of lives) {
      while (life.end === undefined) {
        this.#options.signal.throwIfAborted()
        if (performance.now() - startedAt > STOP_MS) throw tooLate(life)
        await sleep(POLL_MS)
      }
      if (life.end !== 'exit code 0') throw this.#died(life)
      this.#settleLife(life)
    }
  }

  /** Waits, watching that all processes live and something moves. */
  async #until(condition: () => boolean): Promise<void> {
    while (true) {
      this.#options.signal.throwIfAborted()
      for (const life of this.#lives.values()) if (life.end !== undefined) throw this.#died(life)
      this.#look()
      if (condition()) return
      if (this.#movement.stillMs > this.#options.stallMs) throw await this.#stalled()
      await sleep(POLL_MS)
    }
  }

  /** Looks how far the processes are, and tells. */
  #look(): void {
    const now = performance.now()
    if (now - this.#lookedAt < LOOK_MS) return
    this.#lookedAt = now
    this.#seeWhoIsBack()
    // It must be fed before the databases are read: what it takes in later is not in them.
    const report = this.#taker()?.report
    if (this.state.starting.length === 0 && this.#taker())
      this.#gauge ??= new Gauge(this.#options.dir)
    const reading = this.#gauge?.read()
    if (reading !== undefined) {
      this.state.progress = reading
      this.#movement.see(reading)
      this.#drained = report?.fed === true && reading.open === reading.parked
    }
    const { complete } = this.#options.spooled
    if (report?.hungry && !complete) this.#movement.moved()
    if (!this.#paced && complete) {
      this.#paced = true
      this.#taker()?.tell({ rate: this.#rate() })
    }
    this.#options.watch(this.state)
  }

  #seeWhoIsBack(): void {
    const lives = [...this.#lives.values()]
    this.state.starting = lives.filter(({ ready }) => !ready).map(({ name }) => name)
    for (const life of lives) {
      const hit = this.state.hits.findLast(({ process }) => process === life.name)
      if (hit && life.startMs !== undefined) hit.backMs ??= life.startMs
    }
  }

  #taker(): DemoProcess | undefined {
    return this.#lives.get(this.#options.crew.taker)
  }

  #allReady(): boolean {
    return [...this.#lives.values()].every(({ ready }) => ready)
  }

  /** All are at work and so much of the input is taken in. */
  #reached(share: number): boolean {
    const { progress } = this.state
    if (progress === undefined || !this.#allReady()) return false
    const { lines, complete } = this.#options.spooled
    // Nobody knows how much is to come: there is some time between two strikes.
    if (!complete) return performance.now() - this.#struckAt >= this.#lifeMs()
    return this.#drained || progress.line >= share * lines
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

  #settleLife({ report }: DemoProcess): void {
    this.state.repeated += report?.repeated ?? 0
    this.state.retried += report?.retried ?? 0
  }

  #died(life: DemoProcess): RunFailedError {
    const text = `Running the ${life.name}: it ended by itself, ${life.end}`
    return new RunFailedError(`${text}\n${life.tail()}`.trim())
  }

  async #stalled(): Promise<RunFailedError> {
    const why = await this.#options.whyStalled()
    const text = `nothing has moved for ${this.#options.stallMs / 1_000} s`
    const tails = [...this.#lives.values()].map((life) => shortened(life.name, life.tail()))
    const parts = [`Waiting for the ${this.#waitedFor()}: ${text}`, why, ...tails]
    return new RunFailedError(parts.filter(Boolean).join('\n'))
  }

  #waitedFor(): string {
    return this.state.starting.length > 0 ? this.state.starting.join(', ') : 'services'
  }
}

/** The last that a process said, in few lines. */
function shortened(name: ProcessName, tail: string): string {
  const lines = tail.split('\n').slice(-TAIL_LINES)
  return tail && lines.map((line) => `  ${name}: ${line}`).join('\n')
}

function tooLate({ name }: DemoProcess): RunFailedError {
  return new RunFailedError(`Stopping the ${name}: it did not end within ${STOP_MS / 1_000} s`)
}
