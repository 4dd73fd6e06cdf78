import {
  type Dialect,
  MysqlDialect,
  type MysqlDialectConfig,
  PostgresDialect,
  type PostgresDialectConfig,
  type SqliteDatabase,
  SqliteDialect,
} from 'kysely'
import type { NodeSqlite } from './node-sqlite.ts'

interface PostgresTx {
  readonly client: object
  query(sql: string, params: unknown[]): Promise<{ rows: unknown[]; rowCount: number | null }>
}

interface MysqlTx {
  readonly connection: object
  query(sql: string, params: readonly unknown[]): Promise<[unknown, unknown]>
}

interface SqliteTx {
  readonly db: NodeSqlite
  run(sql: string, ...params: never[]): { changes: number; lastInsertRowid: number | bigint }
  all(sql: string, ...params: never[]): unknown[]
}

/**
 * For handlers and steps, which are given a transaction of the store: `new Kysely({ dialect:
 * dialectIn(tx) })` runs its statements in that one, and throws `TRANSACTION_OVER` after its end.
 * It begins no transaction of its own (`ARGUMENT`), does not stream, and need not be destroyed.
 */
export function dialectIn(tx: PostgresTx | MysqlTx | SqliteTx): Dialect {
  if ('db' in tx) return new SqliteDialect({ database: sqliteIn(tx) })
  if ('client' in tx) return new PostgresDialect({ pool: postgresIn(tx) })
  return new MysqlDialect({ pool: mysqlIn(tx) })
}

/** A connection of `node:sqlite` for Kysely's `SqliteDialect`. */
export function nodeSqlite(db: NodeSqlite): SqliteDatabase {
  return {
    close: () => db.close(),
    prepare(sql) {
      const statement = db.prepare(sql)
      return {
        reader: statement.columns().length > 0,
        all: (params) => statement.all(...values(params)),
        run: (params) => statement.run(...values(params)) as Changed,
        iterate: (params) => statement.iterate(...values(params)),
      }
    },
  }
}

type Changed = ReturnType<ReturnType<SqliteDatabase['prepare']>['run']>

function values(params: readonly unknown[]): never[] {
  return [...params] as never[]
}

function sqliteIn(tx: SqliteTx): SqliteDatabase {
  return {
    close() {},
    prepare: (sql) => ({
      reader: tx.db.prepare(sql).columns().length > 0,
      all: (params) => tx.all(sql, ...values(params)),
      run: (params) => tx.run(sql, ...values(params)),
      iterate: (params) => tx.all(sql, ...values(params)).values(),
    }),
  }
}

function postgresIn(tx: PostgresTx): PostgresDialectConfig['pool'] {
  const query = (sql: string, params: readonly unknown[]) => tx.query(sql, [...params])
  const client = { query, release() {} }
  return { connect: async () => client, end: async () => {} } as never
}

function mysqlIn(tx: MysqlTx): MysqlDialectConfig['pool'] {
  type Done = (error: unknown, result?: unknown) => void
  const query = (sql: string, params: readonly unknown[], done: Done) =>
    tx.query(sql, params).then(([result]) => done(null, result), done)
  const connection = { query, release() {}, destroy() {} }
  const getConnection = (done: Done) => done(null, connection)
  return { getConnection, end: (done: Done) => done(null) } as never
}
