import { HufuError } from '../../errors.ts'
import type { MigrateOptions, Migration } from '../../ports/migration.ts'
import { refuseNewer } from '../../ports/migration.ts'
import type { PostgresClient, PostgresConfig, PostgresPool } from './driver.ts'
import { isPool, makePool, placeOf } from './driver.ts'
import { unusable } from './failure.ts'
import { barrier, migrationsOf } from './migrations.ts'
import type { TableOptions, Tables } from './tables.ts'
import { tablesOf } from './tables.ts'

/**
 * Brings the tables to this version, all or nothing, and tells what it did; for services whose user
 * may not make tables. Errors: `STORE_FORMAT` (a newer version), `STORE_UNUSABLE`.
 */
export async function migratePostgres(
  from: PostgresPool | PostgresConfig,
  options: TableOptions & MigrateOptions = {},
): Promise<Migration> {
  const where = placeOf(from)
  const t = tablesOf(options)
  const pool = isPool(from) ? from : await makePool(from)
  if (pool !== from) pool.on('error', () => {})
  const act = options.dryRun ? planOf : migrate
  try {
    return await onClient(pool, (client) => act(client, t, where))
  } catch (error) {
    throw error instanceof HufuError ? error : unusable(`Migrating ${where}`, error)
  } finally {
    if (pool !== from) await pool.end()
  }
}

/** Lends a connection, whose trouble while nobody waits for it does not end the process. */
export async function onClient<T>(
  pool: PostgresPool,
  action: (client: PostgresClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect()
  const ignore = () => {}
  client.on('error', ignore)
  let broken = true
  try {
    const value = await action(client)
    broken = false
    return value
  } finally {
    if (!broken) client.removeListener('error', ignore)
    client.release(broken)
  }
}

/** Brings the tables to this version. Where they are of it, no right to change any is used. */
export async function migrate(
  client: PostgresClient,
  t: Tables,
  where: string,
): Promise<Migration> {
  const plan = await planOf(client, t, where)
  if (plan.statements.length === 0) return plan
  await client.query('BEGIN')
  try {
    // Of several processes that start at once, one does it, and the others wait and find it done.
    const lock = 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))'
    await client.query(lock, [`hufu migrate ${t.place}`])
    const done = await planOf(client, t, where)
    for (const text of done.statements) await client.query(text)
    await client.query('COMMIT')
    return done
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {})
    throw error
  }
}

/** What is there, and what is missing. */
export async function planOf(client: PostgresClient, t: Tables, where: string): Promise<Migration> {
  const { versioned, barred, lacking } = await found(client, t)
  const sql = `SELECT version FROM ${t.version}`
  const { rows } = versioned ? await client.query(sql) : { rows: [] }
  const before = Number(rows[0]?.version ?? 0)
  const texts = migrationsOf(t)
  refuseNewer(where, before, texts.length)
  const note = `DELETE FROM ${t.version};\nINSERT INTO ${t.version} VALUES (${texts.length});`
  const statements = [
    ...lacking.map((schema) => `CREATE SCHEMA IF NOT EXISTS "${schema}";`),
    ...(versioned ? [] : [`CREATE TABLE ${t.version} (version integer NOT NULL);`]),
    ...texts.slice(before),
    // Another name may have been chosen for it since; the first text has it.
    ...(barred || before === 0 ? [] : [barrier(t)]),
    ...(before < texts.length ? [note] : []),
  ]
  return { where, before, after: texts.length, statements: statements.map((text) => text.trim()) }
}

/**
 * `lacking`: schemas. To make one that is there already needs a right that the user may not have.
 */
async function found(client: PostgresClient, t: Tables) {
  const sql = `SELECT to_regclass($1) IS NOT NULL AS versioned,
    to_regclass($2) IS NOT NULL AS barred, array_to_json(array(SELECT name FROM
      unnest($3::text[]) AS name WHERE NOT EXISTS
        (SELECT 1 FROM pg_namespace WHERE nspname = name)))::text AS lacking`
  const { rows } = await client.query(sql, [t.version, t.barrier, t.schemas])
  const { versioned, barred, lacking } = rows[0]!
  const schemas: string[] = JSON.parse(String(lacking))
  return { versioned: versioned === true, barred: barred === true, lacking: schemas }
}
