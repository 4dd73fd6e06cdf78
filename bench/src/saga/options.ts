import { tmpdir } from 'node:os'
import { numberFlag, readFlags, UsageError } from '../flags.ts'

const STORES = ['sqlite', 'postgres', 'mariadb'] as const
export type StoreName = (typeof STORES)[number]

/** `local`: functions that do nothing. `http`: a process that answers 200. */
const CASES = ['local', 'http', 'recovery'] as const
export type CaseName = (typeof CASES)[number]

const PEERS = ['dtm', 'none'] as const

export interface SagaOptions {
  readonly stores: readonly StoreName[]
  readonly cases: readonly CaseName[]
  /** Sagas at the same time. */
  readonly callers: readonly number[]
  /** Of one round of one coordinator. */
  readonly seconds: number
  readonly rounds: number
  /** `dtm`: it is built where Go is there, and measured too. */
  readonly peer: (typeof PEERS)[number]
  readonly dir: string
  readonly finished: number
  readonly pending: number
}

const CALLERS = [1, 10, 100, 128, 1_000]

export function sagaOptions(args: readonly string[]): SagaOptions {
  const flags = readFlags(args, [
    ...([
      'store',
      'case',
      'callers',
      'seconds',
      'rounds',
      'peer',
      'dir',
      'finished',
      'pending',
    ] as const),
  ])
  return {
    stores: chosen(STORES, flags.store, 'store'),
    cases: chosen(CASES, flags.case, 'case'),
    callers: flags.callers === undefined ? CALLERS : flags.callers.split(',').map(callersOf),
    seconds: numberFlag(flags.seconds, 'seconds', 2, 0.2, 600),
    rounds: numberFlag(flags.rounds, 'rounds', 3, 1, 100),
    peer: chosen(PEERS, flags.peer ?? 'dtm', 'peer')[0]!,
    dir: flags.dir ?? tmpdir(),
    finished: numberFlag(flags.finished, 'finished', 1_000_000, 0, 1e8),
    pending: numberFlag(flags.pending, 'pending', 100_000, 1, 1e7),
  }
}

function callersOf(text: string): number {
  return numberFlag(text, 'callers', 1, 1, 10_000)
}

function chosen<Name extends string>(
  all: readonly Name[],
  text: string | undefined,
  flag: string,
): readonly Name[] {
  if (text === undefined) return all
  const found = all.filter((name) => name === text)
  if (found.length === 1) return found
  throw new UsageError(`--${flag} ${text}: one of ${all.join(', ')} is wanted`)
}
