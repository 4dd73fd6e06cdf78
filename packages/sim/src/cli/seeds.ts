import { createHash } from 'node:crypto'
import type { Clock } from '@hufu/os'
import { stepText } from '../plan/step.ts'
import { planOf, runSeed } from '../run.ts'
import { shrink } from '../shrink.ts'
import type { Violation } from '../world/findings.ts'
import { MARKS, type Mark } from '../world/marks.ts'
import { type Options, stepsText } from './options.ts'
import { Progress } from './progress.ts'

/** A shorter run need not take every rare path. */
const SEEDS_FOR_ALL_MARKS = 1_000
/** So many failing seeds are cut down; the others are only named. */
const SHRUNK_MAX = 2
const FAILURES_MAX = 20

interface Failure extends Violation {
  readonly seed: number
  readonly replay: string
}

export interface Report {
  readonly seeds: number
  readonly violations: number
  readonly seedsPerSecond: number
  /** As many as a core that does nothing else would run. */
  readonly seedsPerCpuSecond: number
  /** Worlds in which each rare path was taken. */
  readonly sometimes: Readonly<Record<string, number>>
  /** Rare paths that a long run never took. */
  readonly never: readonly string[]
  readonly failures: readonly Failure[]
  /** Of all that happened in all worlds. */
  readonly hash: string
}

export async function runSeeds(options: Options, clock: Clock): Promise<Report> {
  const run = new SeedRun(options, clock)
  await run.run()
  return run.report()
}

class SeedRun {
  readonly #options: Options
  readonly #clock: Clock
  readonly #begin: number
  readonly #marks: Record<Mark, number>
  readonly #failures: Failure[] = []
  readonly #hash = createHash('sha256')
  #violations = 0
  #done = 0
  #ms = 0
  #cpuMs = 0
  readonly #cpu = process.cpuUsage()

  constructor(options: Options, clock: Clock) {
    this.#options = options
    this.#clock = clock
    this.#begin = clock.mono()
    const names = Object.keys(MARKS) as Mark[]
    this.#marks = Object.fromEntries(names.map((name) => [name, 0])) as Record<Mark, number>
  }

  async run(): Promise<void> {
    const { seeds, seed: from, first, trace } = this.#options
    // Worlds refuse and fail all the time, and nobody looks at those stacks.
    if (!trace) Error.stackTraceLimit = 2
    const progress = new Progress(seeds, this.#clock)
    for (let seed = from; seed < from + seeds; seed++) {
      await this.#one(seed)
      progress.show(this.#done, this.#violations)
      if (first && this.#violations > 0) break
    }
    this.#ms = this.#clock.mono() - this.#begin
    const { user, system } = process.cpuUsage(this.#cpu)
    this.#cpuMs = (user + system) / 1_000
    progress.clear()
    if (!first) for (const failure of this.#failures.slice(0, SHRUNK_MAX)) await cutDown(failure)
  }

  report(): Report {
    const rare = this.#done >= SEEDS_FOR_ALL_MARKS
    const marks = Object.entries(this.#marks)
    return {
      seeds: this.#done,
      violations: this.#violations,
      seedsPerSecond: perSecond(this.#done, this.#ms),
      seedsPerCpuSecond: perSecond(this.#done, this.#cpuMs),
      sometimes: this.#marks,
      never: rare ? marks.filter(([, times]) => times === 0).map(([name]) => name) : [],
      failures: this.#failures,
      hash: this.#hash.digest('hex').slice(0, 16),
    }
  }

  async #one(seed: number): Promise<void> {
    const { only, trace } = this.#options
    const onTrace = trace ? (line: string) => void process.stderr.write(`${line}\n`) : undefined
    const { violation, marks, hash } = await runSeed(seed, only, onTrace)
    this.#done++
    this.#hash.update(hash)
    for (const mark of marks.seen) this.#marks[mark]++
    if (violation === undefined) return
    this.#violations++
    const replay = replayOf(seed, only === undefined ? undefined : [...only])
    const failure = { seed, ...violation, replay }
    if (this.#failures.length < FAILURES_MAX) this.#failures.push(failure)
    process.stderr.write(`${failureText(failure)}\n`)
  }
}

function perSecond(count: number, ms: number): number {
  return Math.round((count * 10_000) / Math.max(1, ms)) / 10
}

/** Says which few steps of the seed's plan are enough. */
async function cutDown({ seed, rule }: Failure): Promise<void> {
  const steps = await shrink(seed, rule)
  const wanted = new Set(steps)
  const lines = planOf(seed, wanted).steps.map((step) => `    ${stepText(step)}`)
  const head = `Seed ${seed}, cut down: ${replayOf(seed, steps)} --trace`
  process.stderr.write(`${[head, ...lines].join('\n')}\n`)
}

function replayOf(seed: number, only: readonly number[] | undefined): string {
  const command = `npm run sim -- --seeds 1 --seed ${seed}`
  return only === undefined ? command : `${command} --only ${stepsText(only)}`
}

function failureText({ seed, rule, detail, replay }: Failure): string {
  return `Seed ${seed} breaks a promise: ${rule}\n    ${detail}\n    again: ${replay}`
}

export function reportText(report: Report): string {
  const { seeds, violations, seedsPerSecond, seedsPerCpuSecond, sometimes, never } = report
  const speed = `${seedsPerSecond} seeds/s, ${seedsPerCpuSecond} per CPU second`
  const marks = Object.entries(sometimes).map(([name, times]) => `${name} ${times}`)
  const lines = [
    `${seeds} seeds, ${violations} violations, ${speed}`,
    `Sometimes: ${marks.join(', ')}`,
  ]
  for (const name of never) lines.push(`Never: ${name} (${MARKS[name as Mark]})`)
  return lines.join('\n')
}
