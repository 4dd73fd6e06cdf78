import { hash } from 'node:crypto'
import type { Connection } from 'mysql2/promise'
import { HufuError } from '../../errors.ts'
import { isTableMissing } from './driver-errors.ts'
import type { ServerKind } from './migrations.ts'
import { BARRIER_TABLE, MIGRATIONS, VERSION_TABLE, withOptions } from './migrations.ts'
import { Names } from './names.ts'
import { isInTransaction, Session, whole } from './session.ts'

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

interface ServerRow {
  readonly version: string
  readonly autocommit: number
  readonly charset: string
}

/** Makes what is missing, as several processes may at the same time; tells the kind of server. */
export async function prepare(
  connection: Connection,
  names: Names,
  name: string,
): Promise<ServerKind> {
  const session = new Session(connection, names)
  const server = await serverOf(session, name)
  if ((await versionOf(session, name)) < MIGRATIONS.length) {
    await locked(session, names, async () => {
      await migrate(session, server, await versionOf(session, name))
    })
  }
  if (!(await isThere(session, 'hufu_barrier'))) {
    await session.runText(withOptions(BARRIER_TABLE, server))
  }
  return server
}

/** Refuses what would not work, or not be safe. */
async function serverOf(session: Session, name: string): Promise<ServerKind> {
  const refuse = (text: string) => new HufuError('STORE_UNUSABLE', `Opening ${name}: ${text}`)
  const { version, autocommit, charset } = (await session.row<ServerRow>(
    `SELECT VERSION() AS version, @@autocommit AS autocommit, @@character_set_client AS charset`,
  ))!
  if (charset !== 'utf8mb4') throw refuse(`the connection's charset is ${charset}, wanted utf8mb4`)
  if (!autocommit) throw refuse('autocommit is off in its connections')
  if (await isInTransaction(session.connection)) throw refuse('its connection is in a transaction')
  const server = /mariadb/i.test(version) ? 'mariadb' : 'mysql'
  const least = LEAST[server]
  if (numberOf(version) >= numberOf(least)) return server
  throw refuse(`the server is ${server} ${version}, wanted is ${least} at least`)
}

const LEAST = { mariadb: '10.6.0', mysql: '8.0.19' }

function numberOf(version: string): number {
  const [major = 0, minor = 0, patch = 0] = version.split(/[.-]/, 3).map(Number)
  return major * 1e6 + minor * 1e3 + (patch || 0)
}

async function versionOf(session: Session, name: string): Promise<number> {
  if (!(await isThere(session, 'hufu_version'))) return 0
  const found = await session.row<{ version: number }>('SELECT version FROM hufu_version')
  const version = found?.version ?? 0
  if (version <= MIGRATIONS.length) return version
  const text = `its tables are of version ${version}, this Hufu knows ${MIGRATIONS.length}`
  throw new HufuError('STORE_FORMAT', `Opening ${name}: ${text}`)
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

async function migrate(session: Session, server: ServerKind, from: number) {
  await session.runText(withOptions(VERSION_TABLE, server))
  if (from === 0) {
    await session.runText('DELETE FROM hufu_version')
    await session.runText('INSERT INTO hufu_version VALUES (0)')
  }
  for (const [at, statements] of MIGRATIONS.entries()) {
    if (at < from) continue
    for (const sql of statements) await session.runText(withOptions(sql, server))
    await session.runText(`UPDATE hufu_version SET version = ${whole(at + 1)}`)
  }
}

/** The server's own lock, which ends with the connection. */
async function locked(session: Session, names: Names, action: () => Promise<void>): Promise<void> {
  const { db } = (await session.row<{ db: string }>('SELECT DATABASE() AS db'))!
  const lock = `hufu ${hash('sha256', `${db}.${names.prefix}`).slice(0, 32)}`
  const sql = `SELECT GET_LOCK(?, ${LOCK_S}) AS got`
  const { got } = (await session.row<{ got: number | null }>(sql, lock))!
  if (got !== 1) {
    const text = `another process has been at it for ${LOCK_S} s`
    throw new HufuError('STORE_BUSY', `Making tables in ${db}: ${text}`)
  }
  try {
    await action()
  } finally {
    await session.row('SELECT RELEASE_LOCK(?) AS done', lock)
  }
}
