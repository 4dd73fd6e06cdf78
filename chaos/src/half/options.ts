import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { UsageError } from '../options.ts'

export interface HalfOptions {
  readonly messages: number
  readonly kills: number
  readonly seed: number
  readonly json: boolean
  readonly help: boolean
}

const MESSAGES_DEFAULT = 1_000
const MESSAGES_MAX = 1_000_000
const KILLS_DEFAULT = 50
const KILLS_MAX = 10_000

export const HELP = `npm run chaos -- half [--messages N] [--kills K] [--seed S] [--json]

Transactional messages of a process that is killed with kill -9: half of them commit, three in ten
roll back, two in ten never get their second word. The process holds producer, broker and consumer.

  --messages N  default ${MESSAGES_DEFAULT}
  --kills K     at random moments and at named points (default ${KILLS_DEFAULT})
  --seed S      fixes what each message does and the plan of the kills (default: a new one)
  --json        the last line of standard output is one JSON object

Exit codes: 0 all kept, 1 not, 2 wrong usage, 3 cannot run here.`

const OPTIONS = {
  messages: { type: 'string' },
  kills: { type: 'string' },
  seed: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

/** Reads what follows `half`; throws `UsageError`. */
export function readHalfOptions(args: readonly string[]): HalfOptions {
  const given = parse(args)
  return {
    messages: whole('messages', given.messages, 1, MESSAGES_MAX) ?? MESSAGES_DEFAULT,
    kills: whole('kills', given.kills, 0, KILLS_MAX) ?? KILLS_DEFAULT,
    seed: whole('seed', given.seed, 0, 2 ** 48) ?? randomInt(1, 1_000_000),
    json: given.json ?? false,
    help: given.help ?? false,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: false }).values
  } catch (error) {
    throw new UsageError(`Cannot read the options: ${(error as Error).message}`, { cause: error })
  }
}

function whole(name: string, text: string | undefined, min: number, max: number) {
  if (text === undefined) return undefined
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw new UsageError(`Cannot read --${name}: ${text} is no whole number from ${min} to ${max}`)
}
