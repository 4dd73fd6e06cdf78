import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { shared } from './for-test.ts'
import { freshDatabase } from './fresh-database.ts'
import { runSql } from './sql.ts'

for (const name of ['postgres', 'mariadb'] as const) {
  test(`${name}: two fresh databases do not see each other's tables`, async (t) => {
    const server = await shared(t, name)
    if (!server) return
    const [one, other] = [await freshDatabase(server), await freshDatabase(server)]
    t.after(() => Promise.all([one.drop(), other.drop()]))
    await runSql(one.url, 'CREATE TABLE mine (id int)')
    await assert.rejects(runSql(other.url, 'SELECT * FROM mine'))
    await runSql(other.url, 'CREATE TABLE mine (id int)')
  })

  test(`${name}: a dropped database is gone, even when somebody is connected`, async (t) => {
    const server = await shared(t, name)
    if (!server) return
    const database = await freshDatabase(server)
    await runSql(database.url, 'CREATE TABLE held (id int)')
    const wait = name === 'postgres' ? 'pg_sleep(60)' : 'sleep(60)'
    const held = runSql(database.url, 'BEGIN', 'INSERT INTO held VALUES (1)', `SELECT ${wait}`)
    const outcome = held.then(
      () => 'answered',
      () => 'cut off',
    )
    await until(() => runSql(server, connections(name, database.url)))
    await database.drop()
    assert.equal(await outcome, 'cut off')
    await assert.rejects(runSql(database.url, 'SELECT 1'))
  })
}

test('postgres: a dropped database takes its prepared transactions with it', async (t) => {
  const server = await shared(t, 'postgres')
  if (!server) return
  const database = await freshDatabase(server)
  const gid = `it's ${process.pid}`.replaceAll("'", "''")
  const statements = ['CREATE TABLE p (id int)', 'BEGIN', 'INSERT INTO p VALUES (1)']
  await runSql(database.url, ...statements, `PREPARE TRANSACTION '${gid}'`)
  await database.drop()
  assert.deepEqual(await runSql(server, `SELECT 1 FROM pg_prepared_xacts WHERE gid = '${gid}'`), [])
})

/** Rows when a client of the database is in its long statement. */
function connections(name: 'postgres' | 'mariadb', url: string): string {
  const database = new URL(url).pathname.slice(1)
  const [table, column, statement] =
    name === 'postgres'
      ? ['pg_stat_activity', 'datname', 'query']
      : ['information_schema.processlist', 'db', 'info']
  return `SELECT 1 FROM ${table} WHERE ${column} = '${database}' AND ${statement} LIKE '%sleep%'`
}

async function until(rows: () => Promise<readonly object[]>): Promise<void> {
  while ((await rows()).length === 0);
}

const ASKING = `
import { test } from 'node:test'
import { shared } from '${join(import.meta.dirname, 'for-test.ts')}'
test('asks', async (t) => console.log('got', await shared(t, 'postgres')))
`

/** Runs a test file that asks for PostgreSQL, alone, as \`node --test file\` does. */
function runAlone(env: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'hufu-shared-'))
  try {
    const file = join(folder, 'asking.test.mjs')
    writeFileSync(file, ASKING)
    const { NODE_TEST_CONTEXT: _, HUFU_NO_SKIP: __, HUFU_POSTGRES_URL: ___, ...rest } = process.env
    const args = ['--test', '--test-reporter=spec', file]
    return spawnSync(process.execPath, args, { encoding: 'utf8', env: { ...rest, ...env } }).stdout
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('a test file run alone starts its own server, which ends with it', async (t) => {
  if (!(await shared(t, 'postgres'))) return
  const output = runAlone({})
  const url = /got (postgres:\S+)/.exec(output)?.[1]
  assert.ok(url, output)
  assert.match(output, /pass 1/)
  await assert.rejects(runSql(url, 'SELECT 1'), { code: 'ECONNREFUSED' })
})

test('an address in the environment is taken as it is', () => {
  const url = 'postgres://me@db.example/shop'
  assert.ok(runAlone({ HUFU_POSTGRES_URL: url }).includes(`got ${url}\n`))
})

test('a server that this run could not get is not tried again: its tests are skipped', () => {
  const output = runAlone({ HUFU_POSTGRES_MISSING: 'no such package' })
  assert.match(output, /asks .*# cannot run here: no such package/)
  assert.match(output, /skipped 1/)
})
