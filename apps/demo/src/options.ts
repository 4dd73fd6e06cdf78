import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'

/** It was called wrongly, or its input cannot be read: exit code 2. */
export class UsageError extends Error {}

/** It cannot run on this machine; the message says why: exit code 3. */
export class CannotRunError extends Error {}

const PATTERNS = ['outbox', 'transactional-message'] as const

/** How the message about an order is tied to the order. */
export type Pattern = (typeof PATTERNS)[number]

/**
 * Who carries the messages: `hufu serve`, started for the run and killed like the others; a broker
 * that runs already, which is not killed; or one inside of the only process.
 */
export type BrokerChoice =
  | { readonly kind: 'server' }
  | { readonly kind: 'given'; readonly url: string }
  | { readonly kind: 'embedded' }

export interface DemoOptions {
  readonly pattern: Pattern
  readonly broker: BrokerChoice
  /** File with orders, `-` for standard input; undefined: the generator. */
  readonly orders: string | undefined
  /** Lines of the generator. */
  readonly count: number
  readonly kills: number
  readonly seed: number
  /** Orders taken in per second; undefined: so that the kills find work. */
  readonly rate: number | undefined
  /** The run has failed when nothing moves for so long, seconds. */
  readonly stall: number
  readonly json: boolean
  /** Folder for everything; undefined: a temporary one. */
  readonly data: string | undefined
  readonly help: boolean
}

const COUNT_DEFAULT = 6_000
const COUNT_MAX = 10_000_000
const KILLS_DEFAULT = 10
const KILLS_MAX = 10_000
const RATE_MAX = 1_000_000
const STALL_DEFAULT = 60
const STALL_MAX = 86_400

export const HELP = `npm run demo -- [options]

Five processes, the broker and four services, each with its own database, stay consistent while
any of them is killed.

  --broker B       'server' (default): hufu serve, started for this run and killed like the
                   services; amqp://USER:PASSWORD@HOST:PORT/VHOST: that broker, RabbitMQ or
                   Hufu, which is not killed, in queues of this run's own; 'embedded': all in
                   one process, which is killed as a whole
  --pattern P      how the message is tied to the order: 'outbox' (default) or
                   'transactional-message'; of that, some kills come between half message,
                   local transaction and second word. AMQP has no half messages, so that one
                   runs with --broker embedded only, which is then the default
  --orders FILE|-  orders, one JSON object per line; '-' reads standard input
                   {"id":"o1","userId":"u1","sku":"s1","cents":1999,"couponId":null}
                   empty lines are skipped; one of blanks only is a bad line
  --count N        orders to generate when no file is given (default ${COUNT_DEFAULT})
  --kills N        how many processes are killed with kill -9, now and then two at once
                   (default ${KILLS_DEFAULT})
  --seed S         fixes generated orders and the plan of the kills (default: a new one)
  --rate N         orders taken in per second (default: so that the kills find work)
  --stall N        the run has failed when nothing moves for N seconds (default ${STALL_DEFAULT})
  --data DIR       folder for all files, must be empty; it is kept
                   (default: a temporary one, kept only when something is wrong)
  --json           last line of standard output is one JSON object
  --help           this text

Exit codes: 0 consistent, 1 not, 2 wrong usage or unreadable input, 3 cannot run here.`

const OPTIONS = {
  broker: { type: 'string' },
  pattern: { type: 'string' },
  orders: { type: 'string' },
  count: { type: 'string' },
  kills: { type: 'string' },
  seed: { type: 'string' },
  rate: { type: 'string' },
  stall: { type: 'string' },
  json: { type: 'boolean' },
  data: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const

/** Reads the command line; throws `UsageError`. */
export function readOptions(args: readonly string[]): DemoOptions {
  const given = parse(args)
  if (given.orders !== undefined && given.count !== undefined) {
    throw new UsageError('Cannot take --orders and --count: the orders come from one of them')
  }
  for (const name of ['orders', 'data'] as const) {
    if (given[name] === '') throw new UsageError(`Cannot read --${name}: it is empty`)
  }
  const pattern = patternOf(given.pattern ?? 'outbox')
  return {
    pattern,
    broker: brokerOf(given.broker, pattern),
    orders: given.orders,
    count: whole('count', given.count, 0, COUNT_MAX) ?? COUNT_DEFAULT,
    kills: whole('kills', given.kills, 0, KILLS_MAX) ?? KILLS_DEFAULT,
    seed: whole('seed', given.seed, 0, Number.MAX_SAFE_INTEGER) ?? randomInt(1, 1_000_000),
    rate: whole('rate', given.rate, 1, RATE_MAX),
    stall: whole('stall', given.stall, 1, STALL_MAX) ?? STALL_DEFAULT,
    json: given.json ?? false,
    data: given.data,
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

function patternOf(text: string): Pattern {
  const pattern = PATTERNS.find((name) => name === text)
  if (pattern) return pattern
  throw new UsageError(`Cannot read --pattern: ${text} is none of ${PATTERNS.join(', ')}`)
}

function brokerOf(text: string | undefined, pattern: Pattern): BrokerChoice {
  if (pattern === 'transactional-message') {
    if (text === undefined || text === 'embedded') return { kind: 'embedded' }
    const why = 'AMQP has no half messages, it runs with --broker embedded'
    throw new UsageError(`Cannot take --pattern ${pattern} and --broker: ${why}`)
  }
  if (text === undefined || text === 'server') return { kind: 'server' }
  if (text === 'embedded') return { kind: 'embedded' }
  if (URL.canParse(text) && /^amqps?:$/.test(new URL(text).protocol)) {
    return { kind: 'given', url: text }
  }
  // Not repeated: a mistyped address may hold a password.
  const known = "'server', 'embedded', or an address amqp://… or amqps://…"
  throw new UsageError(`Cannot read --broker: it is none of ${known}`)
}

function whole(name: string, text: string | undefined, min: number, max: number) {
  if (text === undefined) return undefined
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw new UsageError(`Cannot read --${name}: ${text} is no whole number from ${min} to ${max}`)
}
