import type { Pattern } from '../options.ts'
import type { CrashPoint } from './crash-points.ts'

/** Where the messages go, and what the names of their queues begin with. */
export interface BrokerAddress {
  readonly url: string
  readonly prefix: string
}

/** What the supervisor gives a process to start with. */
export interface StartOptions {
  readonly dir: string
  readonly pattern: Pattern
  readonly seed: number
  /** Lines taken in per second. */
  readonly rate: number
  readonly unreachable: readonly string[]
  /** Undefined: embedded. */
  readonly broker: BrokerAddress | undefined
}

/** Told twenty times a second by a process that is ready. Nothing the verdict rests on. */
export interface Report {
  /** It has read all there is and waits for more input. */
  readonly hungry: boolean
  /** All input is taken in. */
  readonly fed: boolean
  /** Since this process' start: deliveries that had taken effect before, and failed ones. */
  readonly repeated: number
  readonly retried: number
}

/** To a process. */
export type Command = { readonly rate: number } | { readonly dieAt: CrashPoint } | 'stop'

/** In the environment, where the command line of others does not show a password. */
const START = 'HUFU_DEMO_START'

export function startVariable(options: StartOptions): Record<string, string> {
  return { [START]: JSON.stringify(options) }
}

export function readStart(): StartOptions {
  return JSON.parse(process.env[START] ?? '{}')
}
