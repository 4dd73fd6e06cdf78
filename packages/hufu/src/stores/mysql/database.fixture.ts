import type { TestContext } from 'node:test'
import { nodeOs } from '@hufu/os'
import type { Pool } from 'mysql2/promise'
import { createPool } from 'mysql2/promise'
import { shared } from '../../../../../tools/services/for-test.ts'
import { freshDatabase } from '../../../../../tools/services/fresh-database.ts'
import type { MysqlSource } from './pool.ts'
import type { MysqlOptions, MysqlStore } from './store.ts'
import { mysql } from './store.ts'

/** An empty database of its own for a test. */
export class TestDatabase {
  readonly url: string
  readonly #ends: (() => unknown)[] = []

  constructor(url: string) {
    this.url = url
  }

  /** Done after the test; what was begun last ends first. */
  after(end: () => unknown): void {
    this.#ends.push(end)
  }

  async end(): Promise<void> {
    for (const end of this.#ends.reverse()) await end()
  }

  /** An open store, closed after the test. */
  async store(source: MysqlSource = this.url, options: MysqlOptions = {}): Promise<MysqlStore> {
    const store = mysql(source, options)
    await store.open(nodeOs)
    this.after(() => store.close())
    return store
  }

  /** A pool of the user's, ended after the test. */
  pool(options: { connectionLimit?: number } = {}): Pool {
    const pool = createPool({ uri: this.url, ...options })
    this.after(() => pool.end())
    return pool
  }
}

/** Undefined when there is no server: the test is skipped then, and returns. */
export async function testDatabase(t: TestContext): Promise<TestDatabase | undefined> {
  const server = await shared(t, 'mariadb')
  if (!server) return undefined
  const { url, drop } = await freshDatabase(server)
  const database = new TestDatabase(url)
  database.after(drop)
  t.after(() => database.end())
  return database
}
