import { setTimeout as sleep } from 'node:timers/promises'
import type { Spooled } from '../input/spool.ts'
import type { CrashPoint } from './crash-points.ts'
import type { Crew, ProcessOptions } from './crew.ts'
import type { DemoProcess } from './demo-process.ts'
import type { Strike } from './kill-plan.ts'
import { died, Lives } from './lives.ts'
import { Lookout } from './lookout.ts'
import type { ProcessName } from './process-names.ts'
import { RunFailedError } from './run-failed.ts'
import type { Hit, RunState } from './run-state.ts'
import { within } from './within.ts'

const POLL_MS = 10

/** Of what each process said, shown when nothing moves. */
const TAIL_LINES = 2

/** A process that does not come to its crash point is killed from outside after so long, ms. */
const POINT_MS = 2_000

/** Taking in the orders takes so long, ms, so that kills find work; restarts come on top. */
const WORK_MS = 15_000

/** Least and most of it that passes between two strikes, ms. */
const LIFE_MS_MIN = 300
const LIFE_MS_MAX = 1_500

/** Least of it where the others take in orders while one starts again, ms. */
const SHARED_LIFE_MS_MIN = 900

/** Lines per second as long as nobody knows how many there are. */
const RATE_UNKNOWN = 300

export interface RunOptions extends Omit<ProcessOptions, 'rate'> {
  readonly crew: Crew
  readonly plan: readonly Strike[]
  /** Lines per second; undefined: so that there is work between two strikes. */
  readonly rate: number | undefined
  /** Nothing moves for so long: the run has failed, ms. */
  readonly stallMs: number
  /** Why nothing moves, where somebody outside of the run may know. */
  readonly whyStalled: () => Promise<string | undefined>
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
  readonly #lives: Lives
  readonly #lookout: Lookout
  #struckAt = performance.now()
  #paced = false

  constructor(options: RunOptions) {
    this.#options = options
    const { names } = options.crew
    this.state = { names, progress: undefined, hits: [], starting: [], repeated: 0, retried: 0 }
    this.#lives = new Lives(options.crew, options.dir)
    this.#lookout = new Lookout(options.dir, this.#lives, this.state)
  }

  /** Resolves when all is done and no process lives; throws `RunFailedError`, or its abort. */
  async run(): Promise<void> {
    const { crew, plan, signal } = this.#options
    try {
      for (const name of crew.names) {
        this.#start(name)
        if (name === 'broker') await this.#until(() => this.#lives.allReady)
      }
      for (const strike of plan) await this.#strike(strike)
      await this.#until(() => this.#lookout.drained && this.#lives.allReady)
      this.#lookout.seeWhoIsBack()
      await this.#lives.stop(signal)
      for (const life of this.#lives.all) this.#count(life)
    } finally {
      this.#lookout.close()
      await this.#lives.killAll()
    }
  }

  #start(name: ProcessName): void {
    const { crew, dir, pattern, seed, unreachable, spooled } = this.#options
    if (name === crew.taker) {
      this.#paced = spooled.complete
      this.#lookout.drained = false
    }
    this.#lives.start(name, { dir, pattern, seed, unreachable, rate: this.#rate() })
    this.#lookout.moved()
  }

  async #strike({ targets, moment, share, delayMs, point }: Strike): Promise<void> {
    if (moment === 'working') await this.#until(() => this.#reached(share))
    const at = performance.now() + delayMs
    await this.#until(() => performance.now() >= at)
    await Promise.all(targets.map((name) => this.#kill(this.#lives.of(name), point)))
    this.#struckAt = performance.now()
    for (const name of targets) this.#start(name)
  }

  async #kill(life: DemoProcess, point: CrashPoint | undefined): Promise<void> {
    this.#lookout.seeWhoIsBack()
    const hit = this.#hitOf(life)
    const there = point !== undefined && (await diesAt(life, point))
    if (!there && !(await life.kill())) throw died(life)
    this.state.hits.push(there ? { ...hit, during: point } : hit)
    this.#count(life)
  }

  #hitOf(life: DemoProcess): Hit {
    const { taken = 0, open = 0 } = this.state.progress ?? {}
    const atMs = performance.now() - this.#startedAt
    const { hungry = false } = this.#lives.taker?.report ?? {}
    const allTaken = hungry && this.#options.spooled.complete
    const working = this.#lookout.drained ? 'idle' : allTaken ? 'drain' : 'work'
    return { process: life.name, atMs, during: life.ready ? working : 'start', taken, open }
  }

  /** Waits, watching that all processes live and something moves. */
  async #until(condition: () => boolean): Promise<void> {
    while (true) {
      this.#options.signal.throwIfAborted()
      this.#lives.mustLive()
      if (this.#lookout.look()) this.#hearAndTell()
      if (condition()) return
      if (this.#lookout.stillMs > this.#options.stallMs) throw await this.#stalled()
      await sleep(POLL_MS)
    }
  }

  #hearAndTell(): void {
    const { spooled, watch } = this.#options
    const { taker } = this.#lives
    if (taker?.report?.hungry && !spooled.complete) this.#lookout.moved()
    if (!this.#paced && spooled.complete) {
      this.#paced = true
      taker?.tell({ rate: this.#rate() })
    }
    watch(this.state)
  }

  /** All are at work and so much of the input is taken in. */
  #reached(share: number): boolean {
    const { progress } = this.state
    if (progress === undefined || !this.#lives.allReady) return false
    const { lines, complete } = this.#options.spooled
    // Nobody knows how much is to come: there is some time between two strikes.
    if (!complete) return performance.now() - this.#struckAt >= this.#lifeMs()
    return this.#lookout.drained || progress.line >= share * lines
  }

  #rate(): number {
    const { rate, spooled, plan } = this.#options
    if (rate !== undefined) return rate
    if (!spooled.complete) return RATE_UNKNOWN
    return Math.max(1, (spooled.lines * 1_000) / ((plan.length + 1) * this.#lifeMs()))
  }

  #lifeMs(): number {
    const { plan, crew } = this.#options
    const leastMs = crew.names.length > 1 ? SHARED_LIFE_MS_MIN : LIFE_MS_MIN
    return Math.min(LIFE_MS_MAX, Math.max(leastMs, WORK_MS / (plan.length + 1)))
  }

  #count({ report }: DemoProcess): void {
    this.state.repeated += report?.repeated ?? 0
    this.state.retried += report?.retried ?? 0
  }

  async #stalled(): Promise<RunFailedError> {
    const why = await this.#options.whyStalled()
    const { starting } = this.state
    const who = starting.length > 0 ? starting.join(', ') : 'services'
    const text = `Waiting for the ${who}: nothing has moved for ${this.#options.stallMs / 1_000} s`
    const tails = this.#lives.all.map((life) => shortened(life.name, life.tail()))
    return new RunFailedError([text, why, ...tails].filter(Boolean).join('\n'))
  }
}

/** True when the process came to the point and ended itself there. */
async function diesAt(life: DemoProcess, point: CrashPoint): Promise<boolean> {
  life.tell({ dieAt: point })
  await within(POINT_MS, life.ended)
  return life.end === 'SIGKILL'
}

/** The last that a process said, in few lines. */
function shortened(name: ProcessName, tail: string): string {
  const lines = tail.split('\n').slice(-TAIL_LINES)
  return tail && lines.map((line) => `  ${name}: ${line}`).join('\n')
}
