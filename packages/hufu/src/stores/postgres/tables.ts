import { HufuError } from '../../errors.ts'

export interface TableOptions {
  /** The schema of the tables, made when it is missing. Default: the connection's own. */
  readonly schema?: string
  /** What the names of the tables begin with. Default `hufu_`. */
  readonly prefix?: string
  /**
   * The barrier's table, with its schema where it has another one: `dtm_barrier.barrier` shares it
   * with dtm's clients. Default `hufu_barrier`.
   */
  readonly barrierTable?: string
}

const NAMES = [
  ...['version', 'outbox', 'receipts', 'leases', 'journal', 'parked', 'audit', 'fence'],
  ...['results', 'transactions', 'coordinators'],
] as const

/** Names of tables as they stand in statements, quoted and with their schema. */
export type Tables = Readonly<Record<(typeof NAMES)[number], string>> & {
  readonly barrier: string
  /** What dtm's clients name in their inserts. */
  readonly barrierKey: string
  /** Schemas that must be there. */
  readonly schemas: readonly string[]
  /** The name of an index on one of the tables; indexes are in the schema of their table. */
  index(name: string): string
  /** Tells these tables from others of the same database, for locks. */
  readonly place: string
}

type Version = (typeof NAMES)[number]

export function tablesOf(options: TableOptions): Tables {
  const { schema, prefix = 'hufu_', barrierTable = `${prefix}barrier` } = options
  const path = schema === undefined ? [] : [schema]
  const named = (name: string) => [...path, `${prefix}${name}`].map(quoted).join('.')
  const entries = NAMES.map((name): [Version, string] => [name, named(name)])
  const barrier = barrierTable.split('.')
  if (barrier.length > 2) throw wrong(barrierTable)
  const own = options.barrierTable === undefined && options.prefix !== undefined
  return {
    ...(Object.fromEntries(entries) as Record<Version, string>),
    barrier: (barrier.length === 2 ? barrier : [...path, ...barrier]).map(quoted).join('.'),
    barrierKey: quoted(own ? `${prefix}uniq_barrier` : 'uniq_barrier'),
    schemas: [...path, ...barrier.slice(0, -1)],
    index: (name) => quoted(`${prefix}${name}`),
    place: `${schema ?? ''} ${prefix}`,
  }
}

function quoted(name: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(name)) throw wrong(name)
  return `"${name}"`
}

function wrong(name: string): HufuError {
  const text = `"${name}" is no name of letters, digits and underscores, at most 63 of them`
  return new HufuError('ARGUMENT', `Naming a table: ${text}`)
}

/** The database's clock in a statement, ms since 1970; the same in all of the statement. */
export const NOW = '(floor(extract(epoch FROM statement_timestamp()) * 1000))::bigint'
