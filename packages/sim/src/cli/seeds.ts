import { createHash } from 'node:crypto'
import type { Clock } from '@hufu/os'
import { MARKS_OF, runSeed, stepsOf, type WorldName } from '../run.ts'
import { shrink } from '../shrink.ts'
import type { Violation } from '../world/findings.ts'
import { type Options, stepsText } from './options.ts'
import { Progress } from './progress.ts'

/** A shorter run need not take every rare path. */
const SEEDS_FOR_ALL_MARKS = 1_000
/** So many failing seeds are cut down; the others are only named. */
const SHRUNK_MAX = 2
const FAILURES_MAX = 20

interface Failure extends Violation {
  readonly world: WorldName
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
  readonly #marks: Record<string, number>
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
    const names = options.worlds.flatMap((world) => Object.keys(MARKS_OF[world]))
    this.#marks = Object.fromEntries(names.map((name) => [name, 0]))
  }

  async run(): Promise<void> {
    const { seeds, seed: from, first, trace, worlds } = this.#options
    // Worlds refuse and fail all the time, and nobody looks at those stacks.
    if (!trace) Error.stackTraceLimit = 2
    const progress = new Progress(seeds, this.#clock)
    for (let seed = from; seed < from + seeds; seed++) {
      for (const world of worlds) await this.#one(world, seed)
      this.#done++
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

  async #one(world: WorldName, seed: number): Promise<void> {
    const { only, trace } = this.#options
    const onTrace = trace ? (line: string) => void process.stderr.write(`${line}\n`) : undefined
    const { violation, marks, hash } = await runSeed(world, seed, only, onTrace)
    this.#hash.update(hash)
    for (const mark of marks) this.#marks[mark]!++
    if (violation === undefined) return
    this.#violations++
    const replay = replayOf(world, seed, only === undefined ? undefined : [...only])
    const failure = { world, seed, ...violation, replay }
    if (this.#failures.length < FAILURES_MAX) this.#failures.push(failure)
    process.stderr.write(`${failureText(failure)}\n`)
  }
}

function perSecond(count: number, ms: number): number {
  return Math.round((count * 10_000) / Math.max(1, ms)) / 10
}

/** Says which few steps of the seed's plan are enough. */
async function cutDown({ world, seed, rule }: Failure): Promise<void> {
  const steps = await shrink(world, seed, rule)
  const lines = stepsOf(world, seed, new Set(steps)).map(({ text }) => `    ${text}`)
  const head = `Seed ${seed}, ${world}, cut down: ${replayOf(world, seed, steps)} --trace`
  process.stderr.write(`${[head, ...lines].join('\n')}\n`)
}

function replayOf(world: WorldName, seed: number, only: readonly number[] | undefined): string {
  const command = `npm run sim -- --world ${world} --seeds 1 --seed ${seed}`
  return only === undefined ? command : `${command} --only ${stepsText(only)}`
}

function failureText({ world, seed, rule, detail, replay }: Failure): string {
  return `Seed ${seed}, ${world}, breaks a promise: ${rule}\n    ${detail}\n    again: ${replay}`
}

export function reportText(report: Report): string {
  const { seeds, violations, seedsPerSecond, seedsPerCpuSecond, sometimes, never } = report
  const speed = `${seedsPerSecond} seeds/s, ${seedsPerCpuSecond} per CPU second`
  const marks = Object.entries(sometimes).map(([name, times]) => `${name} ${times}`)
  const lines = [
    `${seeds} seeds, ${violations} violations, ${speed}`,
    `Sometimes: ${marks.join(', ')}`,
  ]
  const meanings = Object.assign({}, ...Object.values(MARKS_OF)) as Record<string, string>
  for (const name of never) lines.push(`Never: ${name} (${meanings[name]})`)
  return lines.join('\n')
}
