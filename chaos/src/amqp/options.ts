import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { UsageError } from '../options.ts'

const WHAT = ['tx', 'confirms'] as const
export type What = (typeof WHAT)[number]

export interface AmqpOptions {
  readonly what: What
  readonly trials: number
  readonly seed: number
  readonly json: boolean
  readonly help: boolean
}

export const HELP = `npm run chaos -- amqp [--what tx|confirms] [--trials 200] [--seed S] [--json]

Kills hufu serve (kill -9) at a random moment of each trial, starts it again and looks.

  --what tx        a transaction of 100 messages to three queues and 10 acks: all of it or nothing,
                   and all of it when the client has been told (default)
  --what confirms  a publisher with 100 messages on the way: no confirmed one is missing
  --trials N       kills, 1 to 100,000 (default 200)
  --json           the last line of standard output is one JSON object

Exit code: 0 held, 1 not, 2 wrong usage.`

const TRIALS_MAX = 100_000

export function readAmqpOptions(args: readonly string[]): AmqpOptions {
  const { values } = parsed(args)
  const what = values.what ?? 'tx'
  if (!WHAT.includes(what as What)) throw new UsageError(`--what ${what}: tx or confirms is wanted`)
  return {
    what: what as What,
    trials: whole(values.trials ?? '200', 'trials', 1, TRIALS_MAX),
    seed: whole(values.seed ?? String(randomInt(1, 2 ** 31)), 'seed', 0, 2 ** 32 - 1),
    json: values.json === true,
    help: values.help === true,
  }
}

function parsed(args: readonly string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  const options = { what: text, trials: text, seed: text, json: flag, help: flag }
  try {
    return parseArgs({ args: [...args], options })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function whole(text: string, name: string, least: number, most: number): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw new UsageError(`--${name} ${text}: a whole number from ${least} to ${most} is wanted`)
}
