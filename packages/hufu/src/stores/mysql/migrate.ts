import { hash } from 'node:crypto'
import type { Os } from '@hufu/os'
import type { Connection } from 'mysql2/promise'
import { HufuError } from '../../errors.ts'
import type { MigrateOptions, Migration } from '../../ports/migration.ts'
import { refuseNewer } from '../../ports/migration.ts'
import { Connections } from './connections.ts'
import { isTableMissing } from './driver-errors.ts'
import type { ServerKind } from './migrations.ts'
import { BARRIER_TABLE, MIGRATIONS, VERSION_TABLE, withOptions } from './migrations.ts'
import { Names } from './names.ts'
import { type MysqlSource, nameOf, openPool } from './pool.ts'
import { serverOf } from './server.ts'
import { Session } from './session.ts'

/** What a wait for another process that makes the tables may take, s. */
const LOCK_S = 60

export interface MysqlTables {
  /** What the names of the library's tables begin with. Default `hufu_`. */
  readonly prefix?: string
  /**
   * Name of the barrier's table, such as `dtm_barrier.barrier`, to share it with services in other
   * languages. Default: `barrier` with the prefix.
   */
  readonly barrierTable?: string
}

/**
 * The statements that make all tables, for who wants to run them himself: in this order, each
 * alone. A service whose user may not make tables works with them.
 */
export function mysqlSchema(server: ServerKind, tables: MysqlTables = {}): string[] {
  const names = new Names(tables.prefix, tables.barrierTable)
  const version = [
    'DELETE FROM hufu_version',
    `INSERT INTO hufu_version VALUES (${MIGRATIONS.length})`,
  ]
  const all = [VERSION_TABLE, ...MIGRATIONS.flat(), BARRIER_TABLE, ...version]
  return all.map((sql) => names.in(withOptions(sql, server)))
}

/** Longest wait for the server, ms, of `migrateMysql`; for another process, `LOCK_S`. */
const WAIT_MS = 30_000

/**
 * Makes what is missing, and tells what it did; for services whose user may not make tables. Each
 * statement stands alone, and all of them may be run again after a failure. Errors: `STORE_FORMAT`
 * (a newer version), `STORE_UNUSABLE`, `STORE_BUSY`.
 */
export async function migrateMysql(
  source: MysqlSource,
  options: MysqlTables & MigrateOptions,
  { clock }: Os,
): Promise<Migration> {
  const where = nameOf(source)
  const names = new Names(options.prefix, options.barrierTable)
  const from = await openPool(source)
  try {
    const connections = new Connections(clock, WAIT_MS, from, where)
    const connection = await connections.borrow((one) => one.query('DO 0'))
    const act = options.dryRun ? planOf : migrate
    return await act(connection, names, where).finally(() => connection.release())
  } finally {
    await from.end()
  }
}

interface MysqlMigration extends Migration {
  readonly server: ServerKind
}

/** Makes what is missing; several processes may do so at the same time. */
export async function migrate(
  connection: Connection,
  names: Names,
  where: string,
): Promise<MysqlMigration> {
  const plan = await planOf(connection, names, where)
  if (plan.statements.length === 0) return plan
  const session = new Session(connection, names)
  return locked(session, names, async () => {
    const { steps, ...found } = await missing(session, where)
    for (const sql of steps) await session.runText(sql)
    return { where, ...found, statements: steps.map((sql) => names.in(sql)) }
  })
}

/** What is there, and what is missing. */
export async function planOf(
  connection: Connection,
  names: Names,
  where: string,
): Promise<MysqlMigration> {
  const { steps, ...found } = await missing(new Session(connection, names), where)
  return { where, ...found, statements: steps.map((sql) => names.in(sql)) }
}

/** `steps`: with the library's own names of tables. */
async function missing(session: Session, where: string) {
  const server = await serverOf(session, where)
  const versioned = await isThere(session, 'hufu_version')
  const before = versioned ? await versionOf(session) : 0
  const after = MIGRATIONS.length
  refuseNewer(where, before, after)
  const steps = versioned ? [] : [VERSION_TABLE]
  if (before === 0) steps.push('DELETE FROM hufu_version', 'INSERT INTO hufu_version VALUES (0)')
  for (const [at, statements] of MIGRATIONS.entries()) {
    if (at < before) continue
    steps.push(...statements, `UPDATE hufu_version SET version = ${at + 1}`)
  }
  if (!(await isThere(session, 'hufu_barrier'))) steps.push(BARRIER_TABLE)
  return { server, before, after, steps: steps.map((sql) => withOptions(sql, server)) }
}

async function versionOf(session: Session): Promise<number> {
  const found = await session.row<{ version: number }>('SELECT version FROM hufu_version')
  return found?.version ?? 0
}

async function isThere(session: Session, table: string): Promise<boolean> {
  try {
    await session.rowsOfText(`SELECT 1 FROM ${table} LIMIT 0`)
    return true
  } catch (error) {
    if (error instanceof HufuError && isTableMissing(error.cause)) return false
    throw error
  }
}

/** The server's own lock, which ends with the connection. */
async function locked<T>(session: Session, names: Names, action: () => Promise<T>): Promise<T> {
  const { db } = (await session.row<{ db: string }>('SELECT DATABASE() AS db'))!
  const lock = `hufu ${hash('sha256', `${db}.${names.prefix}`).slice(0, 32)}`
  const sql = `SELECT GET_LOCK(?, ${LOCK_S}) AS got`
  const { got } = (await session.row<{ got: number | null }>(sql, lock))!
  if (got !== 1) {
    const text = `another process has been at it for ${LOCK_S} s`
    throw new HufuError('STORE_BUSY', `Making tables in ${db}: ${text}`)
  }
  try {
    return await action()
  } finally {
    await session.row('SELECT RELEASE_LOCK(?) AS done', lock)
  }
}
