import type { Os } from '@hufu/os'
import { HufuError, messageOf } from '../../errors.ts'
import type { MigrateOptions, Migration } from '../../ports/migration.ts'
import { refuseNewer } from '../../ports/migration.ts'
import { type Connection, openConnection } from './connection.ts'
import { MIGRATIONS } from './migrations.ts'
import { whenFree } from './writer.ts'

/** Longest wait for the file's lock, ms. */
const LOCK_WAIT_MS = 10_000

/**
 * Brings the tables of the file, made when missing, to this version, and tells what it did. Errors:
 * `STORE_FORMAT` (a newer version), `STORE_UNUSABLE`, `STORE_BUSY`.
 */
export async function migrateSqlite(
  path: string,
  { dryRun = false }: MigrateOptions,
  os: Os,
): Promise<Migration> {
  const what = `Migrating ${path}`
  const connection = openConnection(path, 0)
  try {
    return await whenFree(os, LOCK_WAIT_MS, what, () => inTransaction(connection, path, dryRun))
  } catch (error) {
    if (error instanceof HufuError) throw error
    throw new HufuError('STORE_UNUSABLE', `${what}: ${messageOf(error)}`, error)
  } finally {
    connection.db.close()
  }
}

function inTransaction(connection: Connection, path: string, dryRun: boolean): Migration {
  const { db } = connection
  db.exec(dryRun ? 'BEGIN' : 'BEGIN IMMEDIATE')
  try {
    const done = dryRun ? planOf(connection, path) : migrate(connection, path)
    db.exec('COMMIT')
    return done
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

/** Brings the tables to this version, in the open transaction. */
export function migrate(connection: Connection, path: string): Migration {
  const plan = planOf(connection, path)
  for (const sql of plan.statements) connection.db.exec(sql)
  return plan
}

/** What is there, and what is missing. */
export function planOf(connection: Connection, path: string): Migration {
  const table = connection.get("SELECT 1 FROM sqlite_schema WHERE name = 'hufu_version'")
  const found = table && connection.get<{ version: number }>('SELECT version FROM hufu_version')
  const before = found?.version ?? 0
  const after = MIGRATIONS.length
  const where = `sqlite ${path}`
  refuseNewer(path, before, after)
  const note = `DELETE FROM hufu_version;\nINSERT INTO hufu_version VALUES (${after});`
  const statements = [
    ...(table ? [] : ['CREATE TABLE hufu_version (version INTEGER NOT NULL);']),
    ...MIGRATIONS.slice(before),
    ...(before < after ? [note] : []),
  ]
  return { where, before, after, statements }
}
