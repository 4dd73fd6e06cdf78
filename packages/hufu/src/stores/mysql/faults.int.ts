import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeOs } from '@hufu/os'
import type { Pool, RowDataPacket } from 'mysql2/promise'
import { ownService } from '../../../../../tools/services/for-test.ts'
import { freshDatabase } from '../../../../../tools/services/fresh-database.ts'
import { outboxRow } from '../../testing/rows.ts'
import { Connections } from './connections.ts'
import { CuttingProxy } from './cutting-proxy.fixture.ts'
import { testDatabase } from './database.fixture.ts'
import { Names } from './names.ts'
import { Own } from './own.ts'
import { openPool } from './pool.ts'
import type { MysqlStore } from './store.ts'
import { mysql } from './store.ts'

const put = (store: MysqlStore, id: string) =>
  store.transaction(async (tx) => {
    await store.outbox.insert(tx, outboxRow(id))
  })

async function ids(store: MysqlStore): Promise<string[]> {
  const rows = await store.outbox.open('e', Number.MAX_SAFE_INTEGER, 1_000)
  return rows.map(({ id }) => id)
}

test('a connection lost during COMMIT leaves it unknown, whatever became of it', async (t) => {
  const database = await testDatabase(t)
  if (!database) return
  const proxy = new CuttingProxy(database.url)
  database.after(() => proxy.close())
  const store = await database.store(await proxy.listen())
  proxy.cut = 'asked'
  await assert.rejects(put(store, 'never came'), { code: 'COMMIT_UNKNOWN' })
  proxy.cut = 'answered'
  await assert.rejects(put(store, 'was stored'), { code: 'COMMIT_UNKNOWN' })
  proxy.cut = 'never'
  assert.deepEqual(await ids(store), ['was stored'])
})

test('a session that is killed before its COMMIT has stored nothing, and says so', async (t) => {
  const database = await testDatabase(t)
  if (!database) return
  const store = await database.store()
  const pool = database.pool()
  const killed = store.transaction(async (tx) => {
    await store.outbox.insert(tx, outboxRow('killed'))
    await pool.query(`KILL ${tx.connection.threadId}`)
    await gone(pool, tx.connection.threadId)
  })
  await assert.rejects(
    killed,
    ({ code }) => code === 'TRANSACTION_LOST' || code === 'COMMIT_UNKNOWN',
  )
  const inside = store.transaction(async (tx) => {
    await pool.query(`KILL ${tx.connection.threadId}`)
    await gone(pool, tx.connection.threadId)
    await store.outbox.insert(tx, outboxRow('killed'))
  })
  await assert.rejects(inside, { code: 'STORE_UNUSABLE' })
  await put(store, 'next')
  assert.deepEqual(await ids(store), ['next'])
})

async function gone(pool: Pool, threadId: number): Promise<void> {
  const sql = 'SELECT 1 FROM information_schema.processlist WHERE id = ?'
  while ((await pool.query<RowDataPacket[]>(sql, [threadId]))[0].length > 0) {
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

test("a deadlock of the library's own transactions is tried again", async (t) => {
  const database = await testDatabase(t)
  if (!database) return
  await database.pool().query('CREATE TABLE t (id INT PRIMARY KEY, n INT) ENGINE=InnoDB')
  await database.pool().query('INSERT INTO t VALUES (1, 0), (2, 0)')
  const from = await openPool(database.url)
  database.after(() => from.end())
  const connections = new Connections(nodeOs.clock, 10_000, from, 'a test')
  const own = new Own(nodeOs, connections, new Names())
  const arrived = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let begun = 0
  const crossing = (mine: number) =>
    own.transaction(async (session) => {
      begun++
      const set = (id: number) => session.run('UPDATE t SET n = n + 1 WHERE id = ?', id)
      await set(mine + 1)
      arrived[mine]!.resolve()
      await arrived[1 - mine]!.promise
      await set(2 - mine)
    })
  await Promise.all([crossing(0), crossing(1)])
  assert.ok(begun >= 3, `begun ${begun} times`)
  const [rows] = await database.pool().query<RowDataPacket[]>('SELECT n FROM t ORDER BY id')
  assert.deepEqual(
    rows.map(({ n }) => n),
    [2, 2],
  )
})

test('a restart of the server loses nothing answered; the next call connects anew', async (t) => {
  const server = await ownService(t, 'mariadb')
  if (!server) return
  const { url } = await freshDatabase(server.url)
  const store = mysql(url)
  await store.open(nodeOs)
  t.after(() => store.close())
  const stored: string[] = []
  let writing = true
  const work = [...Array(5).keys()].map(async (m) => {
    for (let n = 0; writing; n++) {
      const id = `${m} ${n}`
      const error = await put(store, id).then(() => void stored.push(id), codeOf)
      const codes = [undefined, 'STORE_UNUSABLE', 'COMMIT_UNKNOWN', 'TRANSACTION_LOST']
      assert.ok(codes.includes(error), `${error}`)
    }
  })
  await until(() => stored.length > 20)
  await server.kill()
  await assert.rejects(store.now(), { code: 'STORE_UNUSABLE' })
  await server.restart()
  await put(store, 'after')
  const before = stored.length
  await until(() => stored.length > before + 20)
  writing = false
  await Promise.all(work)
  const found = new Set(await ids(store))
  assert.deepEqual(
    [...stored, 'after'].filter((id) => !found.has(id)),
    [],
  )
})

function codeOf(error: unknown): string {
  return (error as { code: string }).code
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5))
}
