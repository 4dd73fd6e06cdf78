import type { TestContext } from 'node:test'
import { after } from 'node:test'
import { nodeOs } from '@hufu/os'
import { Pool } from 'pg'
import { shared } from '../../../../../tools/services/for-test.ts'
import type { FreshDatabase } from '../../../../../tools/services/fresh-database.ts'
import { freshDatabase } from '../../../../../tools/services/fresh-database.ts'
import { runSql } from '../../../../../tools/services/sql.ts'
import type { PostgresOptions, PostgresStore } from './index.ts'
import { postgres } from './index.ts'

export interface Opened {
  readonly url: string
  readonly pool: Pool
  readonly store: PostgresStore
}

/** One database for the tests of a file. */
let database: Promise<FreshDatabase> | undefined
let schemas = 0

after(async () => (await database)?.drop())

/** Address of an empty schema of the test's own. Undefined: there is no server, skip. */
export async function emptySchema(t: TestContext): Promise<string | undefined> {
  const server = await shared(t, 'postgres')
  if (!server) return undefined
  database ??= freshDatabase(server)
  const url = new URL((await database).url)
  const schema = `test_${schemas++}`
  await runSql(url.href, `CREATE SCHEMA ${schema}`)
  url.searchParams.set('options', `-c search_path=${schema}`)
  return url.href
}

/** A pool that is ended after the test; what its connections meet while idle is of no interest. */
export function poolOf(t: TestContext, url: string, max = 10): Pool {
  const pool = new Pool({ connectionString: url, max })
  pool.on('error', () => {})
  t.after(() => pool.end())
  return pool
}

/** An open store in a schema of its own. */
export async function openStore(
  t: TestContext,
  options: PostgresOptions & { readonly connections?: number } = {},
): Promise<Opened | undefined> {
  const url = await emptySchema(t)
  if (url === undefined) return undefined
  const pool = poolOf(t, url, options.connections)
  const store = postgres(pool, options)
  await store.open(nodeOs)
  t.after(() => store.close())
  return { url, pool, store }
}

/** Waits until the statement gives a row, and returns it. */
export async function rowOf(pool: Pool, sql: string, ...params: unknown[]) {
  for (;;) {
    const { rows } = await pool.query(sql, params)
    if (rows[0]) return rows[0]
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Waits for a backend of this database whose statement and wait are such, and ends it. */
export async function endBackend(pool: Pool, statement: string, wait: string): Promise<void> {
  const sql = `SELECT pid FROM pg_stat_activity WHERE datname = current_database()
    AND query LIKE $1 AND wait_event = $2`
  const { pid } = await rowOf(pool, sql, statement, wait)
  await pool.query('SELECT pg_terminate_backend($1)', [pid])
}
