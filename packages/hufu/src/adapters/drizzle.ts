import { entityKind, is } from 'drizzle-orm'
import { MySqlTransaction } from 'drizzle-orm/mysql-core'
import { PgTransaction } from 'drizzle-orm/pg-core'
import { HufuError } from '../errors.ts'
import { ForeignTx } from '../ports/foreign.ts'
import type { NodeSqlite } from './node-sqlite.ts'

export type { ForeignTx } from '../ports/foreign.ts'

/** A transaction of `drizzle-orm/node-postgres` or `drizzle-orm/mysql2`, whatever its schema. */
export type DrizzleTx =
  // biome-ignore lint/suspicious/noExplicitAny: the schema is of no interest here
  PgTransaction<any, any, any> | MySqlTransaction<any, any, any, any>

/** Drizzle's name for its session over the driver that the stores know. */
const SESSIONS = { postgres: 'NodePgSession', mysql: 'MySql2Session' }

/**
 * A transaction of Drizzle, nested ones included, for the verbs of a Hufu whose store is in the
 * same database: PostgreSQL through `pg`, MySQL or MariaDB through mysql2. The library's statements
 * go to the driver's connection, past Drizzle's logger. Use it in the function of the transaction
 * only: later the connection may be in somebody else's, which nobody notices. Errors: `ARGUMENT`,
 * `TRANSACTION_MISSING`.
 */
export function hufuTx(tx: DrizzleTx): ForeignTx {
  if (is(tx, PgTransaction)) return over(tx, 'postgres')
  if (is(tx, MySqlTransaction)) return over(tx, 'mysql')
  const text = 'it is none of its transactions on PostgreSQL or MySQL'
  throw new HufuError('TRANSACTION_MISSING', `Using Drizzle: ${text}`)
}

/** The session is not in Drizzle's types. */
function over(tx: DrizzleTx, dialect: keyof typeof SESSIONS): ForeignTx {
  const { session } = tx as unknown as { readonly session: { readonly client: object } }
  const { name, [entityKind]: kind = name } = session.constructor as Kind
  if (kind === SESSIONS[dialect]) return new ForeignTx(dialect, { connection: session.client })
  const text = `its driver is that of ${kind}, wanted is ${SESSIONS[dialect]}`
  throw new HufuError('ARGUMENT', `Using a transaction of Drizzle: ${text}`)
}

interface Kind {
  readonly name: string
  readonly [entityKind]?: string
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
