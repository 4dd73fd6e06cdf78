import type { Store } from 'hufu'
import { type MysqlTx, mysql } from 'hufu/stores/mysql'
import { type PostgresTx, postgres } from 'hufu/stores/postgres'
import { type SqliteTx, sqlite } from 'hufu/stores/sqlite'

export type Row = Readonly<Record<string, unknown>>
export type Value = string | number

/** Statements in a transaction, written alike for all databases, with `?` for values. */
export interface Sql {
  /** Rows that it met. */
  run(sql: string, ...values: Value[]): Promise<number>
  all(sql: string, ...values: Value[]): Promise<readonly Row[]>
}

/** A database, and how to speak with it. What a transaction is, only it knows. */
export interface Place {
  readonly store: Store<unknown, unknown>
  sql(tx: unknown): Sql
}

const SQLITE = 'sqlite:'

/** `sqlite:/a/path`, or the address of a PostgreSQL or MariaDB database. */
export function placeAt(url: string): Place {
  if (url.startsWith(SQLITE)) return placeOf(sqlite(pathOf(url)), sqliteSql)
  if (isPostgres(url)) return placeOf(postgres(url), postgresSql)
  return placeOf(mysql(url), mysqlSql)
}

export function sqliteUrl(path: string): string {
  return `${SQLITE}${path}`
}

/** Of the file; undefined: it is in a server. */
export function fileOf(url: string): string | undefined {
  return url.startsWith(SQLITE) ? pathOf(url) : undefined
}

export function isPostgres(url: string): boolean {
  return url.startsWith('postgres')
}

function pathOf(url: string): string {
  return url.slice(SQLITE.length)
}

function placeOf<Tx, Foreign>(store: Store<Tx, Foreign>, sql: (tx: Tx) => Sql): Place {
  return { store: store as unknown as Place['store'], sql: (tx) => sql(tx as Tx) }
}

function sqliteSql(tx: SqliteTx): Sql {
  return {
    run: async (sql, ...values) => tx.run(sql, ...values).changes,
    all: async (sql, ...values) => tx.all<Row>(sql, ...values),
  }
}

function postgresSql(tx: PostgresTx): Sql {
  return {
    run: async (sql, ...values) => (await tx.query(numbered(sql), values)).rowCount ?? 0,
    all: async (sql, ...values) => (await tx.query(numbered(sql), values)).rows,
  }
}

function numbered(sql: string): string {
  let at = 0
  return sql.replaceAll('?', () => `$${++at}`)
}

function mysqlSql(tx: MysqlTx): Sql {
  return {
    // The driver counts the rows that were met, changed or not.
    run: async (sql, ...values) => {
      const [{ affectedRows }] = await tx.execute<{ affectedRows: number } & never>(sql, values)
      return affectedRows
    },
    all: async (sql, ...values) => (await tx.execute(sql, values))[0] as unknown as Row[],
  }
}
