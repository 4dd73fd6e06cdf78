import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'

/** It was called wrongly: exit code 2. */
export class UsageError extends Error {}

/** It cannot run on this machine; the message says why: exit code 3. */
export class CannotRunError extends Error {}

export type FileSystem = 'ext4' | 'xfs'
const MODES = ['kill', 'strace', 'power', 'full', 'cut', 'flip'] as const
export type Mode = (typeof MODES)[number]

export interface ChaosOptions {
  readonly mode: Mode
  readonly trials: number
  /** Of the log, for `cut` and `flip`. */
  readonly bytes: number
  readonly seed: number
  /** For `power`. */
  readonly fileSystems: readonly FileSystem[]
  readonly json: boolean
}

export const HELP = `npm run chaos -- kill|strace|power|full [--trials N] [--seed S] [--json]
npm run chaos -- cut|flip [--bytes N] [--seed S] [--json]
npm run chaos -- half|bank --help

Real faults, and whether all that was promised was kept.

  kill     kill -9 at random moments
  strace   system calls that fail, or kill, at the Nth call
  power    the file system is cut off from its disk (--fs ext4|xfs, default both); needs root
  full     the disk fills up and frees again; needs root
  cut      the log cut at every byte of its last N
  flip     every bit of a log of N bytes flipped
  half     transactional messages of a process that is killed
  bank     money between three banks; coordinators and banks are killed

  --trials N   default 20
  --bytes N    default 65536
  --seed S     fixes the choices of a run (default: a new one)
  --json       the last line of standard output is one JSON object

Exit codes: 0 all kept, 1 not, 2 wrong usage, 3 cannot run here.`

const TRIALS_DEFAULT = 20
const TRIALS_MAX = 1_000_000
const BYTES_DEFAULT = 65_536
const BYTES_MIN = 1_024
const BYTES_MAX = 16 * 1024 * 1024

const OPTIONS = {
  trials: { type: 'string' },
  bytes: { type: 'string' },
  seed: { type: 'string' },
  fs: { type: 'string' },
  json: { type: 'boolean' },
} as const

/** Reads the command line; throws `UsageError`. */
export function readOptions(args: readonly string[]): ChaosOptions {
  const { values, positionals } = parse(args)
  const [mode] = positionals
  if (positionals.length !== 1 || !isMode(mode)) {
    throw new UsageError(
      `Cannot run '${positionals.join(' ')}': one of ${MODES.join(', ')}\n${HELP}`,
    )
  }
  return {
    mode,
    trials: whole('trials', values.trials, 1, TRIALS_MAX) ?? TRIALS_DEFAULT,
    bytes: whole('bytes', values.bytes, BYTES_MIN, BYTES_MAX) ?? BYTES_DEFAULT,
    seed: whole('seed', values.seed, 0, 2 ** 48) ?? randomInt(1, 1_000_000),
    fileSystems: fileSystems(values.fs),
    json: values.json ?? false,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
  } catch (error) {
    throw new UsageError(`Cannot read the options: ${(error as Error).message}`, { cause: error })
  }
}

function isMode(text: string | undefined): text is Mode {
  return (MODES as readonly (string | undefined)[]).includes(text)
}

function fileSystems(text: string | undefined): FileSystem[] {
  if (text === undefined) return ['ext4', 'xfs']
  if (text === 'ext4' || text === 'xfs') return [text]
  throw new UsageError(`Cannot read --fs: ${text} is neither ext4 nor xfs`)
}

function whole(name: string, text: string | undefined, min: number, max: number) {
  if (text === undefined) return undefined
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw new UsageError(`Cannot read --${name}: ${text} is no whole number from ${min} to ${max}`)
}
