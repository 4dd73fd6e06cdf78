import { HufuError } from '../errors.ts'
import { type Dialect, ForeignTx } from '../ports/foreign.ts'
import type { NodeSqlite } from './node-sqlite.ts'

export type { ForeignTx } from '../ports/foreign.ts'

/** A transaction of `drizzle-orm/node-postgres` or `drizzle-orm/mysql2`, whatever its schema. */
export interface DrizzleTx {
  rollback(): never
}

/** Drizzle's names for its transactions over the drivers that the stores know. */
const DIALECTS: Readonly<Record<string, Dialect>> = {
  NodePgTransaction: 'postgres',
  MySql2Transaction: 'mysql',
}

/** Under it every class of Drizzle has its name, which bundlers leave as it is. */
const NAME = Symbol.for('drizzle:entityKind')

/**
 * A transaction of Drizzle, nested ones included, for the verbs of a Hufu whose store is in the
 * same database: PostgreSQL through `pg`, MySQL or MariaDB through mysql2. The library's statements
 * go to the driver's connection, past Drizzle's logger. Use it in the function of the transaction
 * only: later the connection may be in somebody else's, which nobody notices. Errors:
 * `TRANSACTION_MISSING`.
 */
export function hufuTx(tx: DrizzleTx): ForeignTx {
  const { constructor: kind, session } = (tx ?? {}) as Inner
  const name = String(kind?.[NAME] ?? 'none of its objects')
  const dialect = DIALECTS[name]
  if (dialect && session) return new ForeignTx(dialect, { connection: session.client })
  const text = `it is ${name}, wanted is one of ${Object.keys(DIALECTS).join(', ')}`
  throw new HufuError('TRANSACTION_MISSING', `Using Drizzle: ${text}`)
}

/** What is not in Drizzle's types. */
interface Inner {
  readonly constructor?: { readonly [NAME]?: unknown }
  readonly session?: { readonly client: object }
}

/**
 * A connection of `node:sqlite` for `drizzle-orm/sqlite-proxy`: `drizzle(nodeSqlite(db))`. In its
 * transactions give the verbs `db` itself. One transaction at a time: SQLite's connection has no
 * more, and nothing here makes a second one wait.
 */
export function nodeSqlite(db: NodeSqlite) {
  return async (sql: string, params: readonly unknown[], method: Method) => {
    const statement = db.prepare(sql)
    const values = [...params] as never[]
    if (method === 'run') {
      statement.run(...values)
      return { rows: [] }
    }
    statement.setReturnArrays(true)
    const rows = method === 'get' ? statement.get(...values) : statement.all(...values)
    return { rows: rows as unknown[] }
  }
}

type Method = 'run' | 'all' | 'values' | 'get'
