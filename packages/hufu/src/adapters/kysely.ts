import { CompiledQuery, MysqlAdapter, PostgresAdapter, type Transaction } from 'kysely'
import { HufuError, messageOf } from '../errors.ts'
import { type Dialect, type ForeignResult, ForeignTx } from '../ports/foreign.ts'

export type { ForeignTx } from '../ports/foreign.ts'
export { dialectIn, nodeSqlite } from './kysely-dialect.ts'

/** `Transaction` or `ControlledTransaction`, whatever its tables. */
export type KyselyTx = Pick<
  // biome-ignore lint/suspicious/noExplicitAny: the tables are of no interest here
  Transaction<any>,
  'isTransaction' | 'getExecutor' | 'executeQuery'
> & { withoutPlugins(): KyselyTx }

/**
 * A transaction of Kysely, controlled ones included, for the verbs of a Hufu whose store is in the
 * same database: PostgreSQL through `pg`, MySQL or MariaDB through mysql2. The library's statements
 * go through Kysely, without its plugins. On SQLite give the verbs the `DatabaseSync` itself.
 * Errors: `ARGUMENT`, `TRANSACTION_MISSING`; from the verbs `TRANSACTION_OVER` when it has ended.
 */
export function hufuTx(trx: KyselyTx): ForeignTx {
  if (!(trx as KyselyTx | undefined)?.isTransaction) {
    throw new HufuError('TRANSACTION_MISSING', 'Using Kysely: it is none of its transactions')
  }
  const plain = trx.withoutPlugins()
  return new ForeignTx(dialectOf(trx), { query: (sql, params) => run(plain, sql, params) })
}

function dialectOf(trx: KyselyTx): Dialect {
  const { adapter } = trx.getExecutor()
  if (adapter instanceof PostgresAdapter) return 'postgres'
  if (adapter instanceof MysqlAdapter) return 'mysql'
  const text = `its dialect is neither that of PostgreSQL nor that of MySQL`
  throw new HufuError('ARGUMENT', `Using a transaction of Kysely: ${text}`)
}

async function run(trx: KyselyTx, sql: string, params: readonly unknown[]): Promise<ForeignResult> {
  try {
    const query = CompiledQuery.raw(sql, [...params])
    const { rows, numAffectedRows, insertId } = await trx.executeQuery(query)
    return {
      rows: rows as Record<string, unknown>[],
      rowCount: Number(numAffectedRows ?? rows.length),
      insertId: Number(insertId ?? 0),
    }
  } catch (error) {
    throw hasEnded(error)
      ? new HufuError('TRANSACTION_OVER', `Using a transaction of Kysely: ${messageOf(error)}`)
      : error
  }
}

/** Kysely has no other sign of it than the words. */
function hasEnded(error: unknown): boolean {
  return /^Transaction is already (committed|rolled back)$/.test(messageOf(error))
}
