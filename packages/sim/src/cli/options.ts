import { parseArgs } from 'node:util'
import { WORLDS, type WorldName } from '../run.ts'

export const HELP = `Usage: npm run sim -- [options]

  --seeds N       seeds to run, each with a world of both kinds (default 1,000)
  --seed S        the first seed (default 1)
  --world W       only worlds of messages (broker) or of global transactions (globals)
  --trace         write everything that happens to standard error
  --only STEPS    run only these steps of the plan, such as 0-4,17
  --first         stop at the first violation, without cutting it down
  --planted       plant each bug of the list in turn, and see that it is found within --seeds
  --bugs A,B      only these of them
  --json          the last line of standard output is one JSON object

Exit code: 0 all promises hold, 1 one is broken or a rare path was never taken, 2 wrong usage.`

export class UsageError extends Error {}

export interface Options {
  readonly seeds: number
  readonly seed: number
  readonly worlds: readonly WorldName[]
  readonly trace: boolean
  readonly only: ReadonlySet<number> | undefined
  readonly first: boolean
  readonly planted: boolean
  readonly bugs: readonly string[] | undefined
  readonly json: boolean
  readonly help: boolean
}

export function readOptions(args: readonly string[]): Options {
  const values = parse(args)
  return {
    seeds: wholeNumber(values.seeds ?? '1000', '--seeds', 1),
    seed: wholeNumber(values.seed ?? '1', '--seed', 0),
    worlds: values.world === undefined ? WORLDS : [worldOf(values.world)],
    trace: values.trace ?? false,
    only: onlyOf(values.only, values.world),
    first: values.first ?? false,
    planted: values.planted ?? false,
    bugs: values.bugs?.split(','),
    json: values.json ?? false,
    help: values.help ?? false,
  }
}

function parse(args: readonly string[]) {
  const flag = { type: 'boolean' } as const
  const text = { type: 'string' } as const
  try {
    const options = { seeds: text, seed: text, only: text, bugs: text, first: flag }
    const more = { world: text, trace: flag, planted: flag, json: flag, help: flag }
    return parseArgs({ args: [...args], options: { ...options, ...more } }).values
  } catch (error) {
    throw new UsageError(`Cannot read the options: ${(error as Error).message}`)
  }
}

function worldOf(text: string): WorldName {
  const found = WORLDS.find((world) => world === text)
  if (found !== undefined) return found
  throw new UsageError(`Cannot read --world: ${text} is none of ${WORLDS.join(', ')}`)
}

function wholeNumber(text: string, name: string, least: number): number {
  const number = Number(text)
  if (text !== '' && Number.isSafeInteger(number) && number >= least) return number
  throw new UsageError(`Cannot read ${name}: ${text} is no whole number from ${least}`)
}

/** Steps have their numbers in the plan of one world. */
function onlyOf(only: string | undefined, world: string | undefined) {
  if (only === undefined) return undefined
  if (world === undefined) throw new UsageError('Cannot read --only: it needs --world')
  return readSteps(only)
}

/** `0-4,17` as the numbers it means. */
export function readSteps(text: string): ReadonlySet<number> {
  const steps = new Set<number>()
  if (text === 'none') return steps
  for (const part of text.split(',')) {
    const [from = '', to = from] = part.split('-')
    const last = wholeNumber(to, '--only', 0)
    for (let step = wholeNumber(from, '--only', 0); step <= last; step++) steps.add(step)
  }
  return steps
}

/** The other way round. */
export function stepsText(steps: readonly number[]): string {
  const parts: string[] = []
  for (let at = 0; at < steps.length; ) {
    let end = at
    while (steps[end + 1] === steps[end]! + 1) end++
    parts.push(end === at ? `${steps[at]}` : `${steps[at]}-${steps[end]}`)
    at = end + 1
  }
  return parts.join(',') || 'none'
}
