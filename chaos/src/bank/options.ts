import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { UsageError } from '../options.ts'

const KINDS = ['saga', 'tcc', 'message'] as const
const STORES = ['sqlite', 'postgres', 'mariadb'] as const

export type BankKind = (typeof KINDS)[number]
export type BankStore = (typeof STORES)[number]

export interface BankOptions {
  readonly kind: BankKind
  readonly store: BankStore
  readonly transactions: number
  readonly kills: number
  readonly coordinators: number
  /** Of a coordinator, ms. */
  readonly leaseMs: number
  readonly seed: number
  /** The bank with this number does its work without a barrier. */
  readonly withoutBarrier: number | undefined
  readonly json: boolean
  readonly help: boolean
}

const TRANSACTIONS_DEFAULT = 2_000
const TRANSACTIONS_MAX = 1_000_000
const KILLS_DEFAULT = 20
const KILLS_MAX = 10_000
const COORDINATORS_MAX = 10
const LEASE_MS_DEFAULT = 8_000
const LEASE_MS_MIN = 1_000
const LEASE_MS_MAX = 60_000

/** With SQLite all of them would share one file; elsewhere they take over from each other. */
const COORDINATORS_DEFAULT: Readonly<Record<BankStore, number>> = {
  sqlite: 1,
  postgres: 3,
  mariadb: 3,
}

export const HELP = `npm run chaos -- bank --kind saga|tcc|message --store sqlite|postgres|mariadb
  [--transactions N] [--kills K] [--coordinators M] [--lease MS] [--seed S] [--json]

Money moves between three banks, each a process with a database of its own, called over HTTP.
The coordinators and the banks are killed with kill -9; with several coordinators one is stopped
for longer than its lease and goes on. All along, and at the end, the books must be right.

  --transactions N     default ${TRANSACTIONS_DEFAULT}
  --kills K            default ${KILLS_DEFAULT}
  --coordinators M     default 1 on sqlite, else 3
  --lease MS           of a coordinator (default ${LEASE_MS_DEFAULT}, as the library's)
  --seed S             fixes what each transfer does and the plan of the faults (default: a new one)
  --without-barrier B  bank B (0 to 2) has no barrier: money must then be lost or invented
  --json               the last line of standard output is one JSON object

Exit codes: 0 all kept, 1 not, 2 wrong usage, 3 cannot run here.`

const OPTIONS = {
  kind: { type: 'string' },
  store: { type: 'string' },
  transactions: { type: 'string' },
  kills: { type: 'string' },
  coordinators: { type: 'string' },
  lease: { type: 'string' },
  seed: { type: 'string' },
  'without-barrier': { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

/** Reads what follows `bank`; throws `UsageError`. */
export function readBankOptions(args: readonly string[]): BankOptions {
  const given = parse(args)
  const help = given.help ?? false
  const store = oneOf('store', help ? 'sqlite' : given.store, STORES)
  return {
    kind: oneOf('kind', help ? 'saga' : given.kind, KINDS),
    store,
    transactions:
      whole('transactions', given.transactions, 1, TRANSACTIONS_MAX) ?? TRANSACTIONS_DEFAULT,
    kills: whole('kills', given.kills, 0, KILLS_MAX) ?? KILLS_DEFAULT,
    coordinators:
      whole('coordinators', given.coordinators, 1, COORDINATORS_MAX) ?? COORDINATORS_DEFAULT[store],
    leaseMs: whole('lease', given.lease, LEASE_MS_MIN, LEASE_MS_MAX) ?? LEASE_MS_DEFAULT,
    seed: whole('seed', given.seed, 0, 2 ** 48) ?? randomInt(1, 1_000_000),
    withoutBarrier: whole('without-barrier', given['without-barrier'], 0, 2),
    json: given.json ?? false,
    help,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: false }).values
  } catch (error) {
    throw new UsageError(`Cannot read the options: ${(error as Error).message}`, { cause: error })
  }
}

function oneOf<const T extends string>(
  name: string,
  text: string | undefined,
  known: readonly T[],
): T {
  const found = known.find((each) => each === text)
  if (found !== undefined) return found
  throw new UsageError(`Cannot read --${name}: ${text ?? 'nothing'} is none of ${known.join(', ')}`)
}

function whole(name: string, text: string | undefined, min: number, max: number) {
  if (text === undefined) return undefined
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw new UsageError(`Cannot read --${name}: ${text} is no whole number from ${min} to ${max}`)
}
