import { randomBytes } from 'node:crypto'
import { isPostgres, runSql } from './sql.ts'

/** A database that nobody else uses. */
export interface FreshDatabase {
  readonly url: string
  /** Ends what is still connected and removes it. */
  drop(): Promise<void>
}

/** Makes an empty database in a PostgreSQL or MariaDB server. */
export async function freshDatabase(serverUrl: string): Promise<FreshDatabase> {
  const name = `hufu_${process.pid}_${randomBytes(4).toString('hex')}`
  const { href: url } = Object.assign(new URL(serverUrl), { pathname: `/${name}` })
  await runSql(serverUrl, `CREATE DATABASE ${name}`)
  const drop = async () => {
    if (isPostgres(serverUrl)) await rollBackPrepared(url)
    else await disconnectAll(serverUrl, name)
    await runSql(serverUrl, `DROP DATABASE ${name}${isPostgres(serverUrl) ? ' WITH (FORCE)' : ''}`)
  }
  return { url, drop }
}

/** Not even FORCE removes a PostgreSQL database with prepared transactions in it. */
async function rollBackPrepared(url: string): Promise<void> {
  const gids = 'SELECT gid FROM pg_prepared_xacts WHERE database = current_database()'
  for (const { gid } of await runSql(url, gids)) {
    await runSql(url, `ROLLBACK PREPARED '${String(gid).replaceAll("'", "''")}'`)
  }
}

/** MariaDB waits for the locks of open transactions before it removes a database. */
async function disconnectAll(serverUrl: string, name: string): Promise<void> {
  const ids = `SELECT id FROM information_schema.processlist WHERE db = '${name}'`
  for (const { id } of await runSql(serverUrl, ids)) {
    // One that ended by itself meanwhile is unknown.
    await runSql(serverUrl, `KILL ${id}`).catch(() => {})
  }
}
