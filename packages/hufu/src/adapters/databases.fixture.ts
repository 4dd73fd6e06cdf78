import type { TestContext } from 'node:test'
import { nodeOs } from '@hufu/os'
import { shared } from '../../../../tools/services/for-test.ts'
import { freshDatabase } from '../../../../tools/services/fresh-database.ts'
import { runSql } from '../../../../tools/services/sql.ts'
import { type MysqlStore, mysql } from '../stores/mysql/index.ts'
import { type PostgresStore, postgres } from '../stores/postgres/index.ts'

export interface Database<S> {
  readonly url: string
  readonly store: S
  /** Done after the test, before the database goes; what was begun last ends first. */
  after(end: () => unknown): void
}

/** An empty database with an open store and a table of orders. */
async function database<S extends PostgresStore | MysqlStore>(
  t: TestContext,
  server: 'postgres' | 'mariadb',
  make: (url: string) => S,
): Promise<Database<S> | undefined> {
  const address = await shared(t, server)
  if (!address) return undefined
  const { url, drop } = await freshDatabase(address)
  const ends: (() => unknown)[] = [drop]
  t.after(async () => {
    for (const end of ends.reverse()) await end()
  })
  const store = make(url)
  await store.open(nodeOs)
  ends.push(() => store.close())
  await runSql(url, 'CREATE TABLE orders (id varchar(64) PRIMARY KEY)')
  return { url, store, after: (end) => ends.push(end) }
}

export const onPostgres = (t: TestContext) => database(t, 'postgres', postgres)

export const onMariadb = (t: TestContext) => database(t, 'mariadb', mysql)
