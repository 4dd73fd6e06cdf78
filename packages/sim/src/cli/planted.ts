import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { PlantedBug } from '../planted/bug.ts'
import { BUGS } from '../planted/bugs.ts'
import { PLANTED_VARIABLE } from '../planted/plant.ts'
import { type Options, UsageError } from './options.ts'
import type { Report } from './seeds.ts'

const MAIN = join(import.meta.dirname, '..', 'main.ts')

interface Found {
  readonly name: string
  /** Worlds until it was found; null: it was not. */
  readonly seeds: number | null
  /** The promise that was seen broken. */
  readonly rule: string | null
}

/** Runs each bug in a process of its own until a seed breaks a promise. */
export async function runPlanted(options: Options): Promise<{ found: Found[]; missed: string[] }> {
  const bugs = chosen(options)
  const found: Found[] = []
  const waiting = [...bugs]
  const worker = async () => {
    for (let bug = waiting.shift(); bug !== undefined; bug = waiting.shift()) {
      const one = await runOne(bug, options)
      found.push(one)
      process.stderr.write(`${lineOf(one)}\n`)
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, worker))
  const order = new Map(bugs.map(({ name }, at) => [name, at] as const))
  found.sort((a, b) => order.get(a.name)! - order.get(b.name)!)
  return { found, missed: found.filter(({ seeds }) => seeds === null).map(({ name }) => name) }
}

function chosen({ bugs }: Options): readonly PlantedBug[] {
  if (bugs === undefined) return BUGS
  for (const name of bugs) {
    if (!BUGS.some((bug) => bug.name === name)) {
      throw new UsageError(`Cannot plant ${name}: there is no such bug`)
    }
  }
  return BUGS.filter(({ name }) => bugs.includes(name))
}

async function runOne(
  { name, world = 'broker' }: PlantedBug,
  { seeds, seed }: Options,
): Promise<Found> {
  const which = ['--world', world, '--seeds', String(seeds), '--seed', String(seed)]
  const args = [MAIN, '--first', '--json', ...which]
  const env = { ...process.env, [PLANTED_VARIABLE]: name }
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  child.stderr.on('data', (chunk) => {
    errors += chunk
  })
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  const last = output.trim().split('\n').at(-1) ?? ''
  if (code === 2 || !last.startsWith('{')) {
    throw new Error(`Cannot run ${name}: ${errors.trim() || `exit code ${code}`}`)
  }
  const report = JSON.parse(last) as Report
  const failure = report.failures[0]
  return { name, seeds: failure ? report.seeds : null, rule: failure?.rule ?? null }
}

function lineOf({ name, seeds, rule }: Found): string {
  return seeds === null ? `${name}: NOT FOUND` : `${name}: after ${seeds} seeds: ${rule}`
}
