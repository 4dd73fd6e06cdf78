import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ResultSetHeader, RowDataPacket } from 'mysql2/promise'
import { outboxRow } from '../../testing/rows.ts'
import type { TestDatabase } from './database.fixture.ts'
import { testDatabase } from './database.fixture.ts'
import type { MysqlStore } from './store.ts'

type Numbers = (RowDataPacket & { n: number })[]

async function tableOf(database: TestDatabase): Promise<void> {
  const pool = database.pool()
  await pool.query('CREATE TABLE t (id INT PRIMARY KEY, n INT NOT NULL) ENGINE=InnoDB')
  await pool.query('INSERT INTO t VALUES (1, 0), (2, 0)')
}

async function waiting(store: MysqlStore): Promise<string[]> {
  const rows = await store.outbox.open('e', Number.MAX_SAFE_INTEGER, 100)
  return rows.map(({ id }) => id)
}

test("the user's pool stays as it is: its isolation, and not ended by close", async (t) => {
  const database = await testDatabase(t)
  if (!database) return
  const pool = database.pool({ connectionLimit: 2 })
  const store = await database.store(pool)
  const isolation = await store.transaction(async (tx) => {
    const sql = 'SELECT trx_isolation_level AS level FROM information_schema.innodb_trx'
    await tx.query('SELECT * FROM hufu_leases FOR UPDATE')
    const [rows] = await tx.query<RowDataPacket[]>(`${sql}
      WHERE trx_mysql_thread_id = CONNECTION_ID()`)
    return rows[0]!.level
  })
  assert.equal(isolation, 'READ COMMITTED')
  await store.close()
  const sql = 'SELECT @@session.transaction_isolation AS level'
  const [rows] = await pool
    .query<RowDataPacket[]>(sql)
    .catch(() => pool.query<RowDataPacket[]>('SELECT @@session.tx_isolation AS level'))
  assert.equal(rows[0]!.level, 'REPEATABLE-READ')
  await store.open((await import('@hufu/os')).nodeOs)
})

test('a pool of one connection is refused', async (t) => {
  const database = await testDatabase(t)
  if (!database) return
  const opening = database.store(database.pool({ connectionLimit: 1 }))
  await assert.rejects(opening, { code: 'ARGUMENT' })
})

test('after a deadlock nothing more is done in it, also when it was caught', async (t) => {
  const database = await testDatabase(t)
  if (!database) return
  await tableOf(database)
  const store = await database.store()
  const arrived = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const crossing = (mine: number) =>
    store.transaction(async (tx) => {
      const set = (id: number) => tx.execute('UPDATE t SET n = n + 1 WHERE id = ?', [id])
      await store.outbox.insert(tx, outboxRow(`of ${mine}`))
      await set(mine + 1)
      arrived[mine]!.resolve()
      await arrived[1 - mine]!.promise
      await set(2 - mine).catch(() => {})
      await set(mine + 1)
    })
  const outcomes = await Promise.allSettled([crossing(0), crossing(1)])
  const codes = outcomes.map((one) => (one.status === 'rejected' ? one.reason.code : 'committed'))
  assert.deepEqual(codes.sort(), ['TRANSACTION_LOST', 'committed'])
  const winner = outcomes.findIndex(({ status }) => status === 'fulfilled')
  assert.deepEqual(await waiting(store), [`of ${winner}`])
})

test('statements that would end it are refused; others that fail do not', async (t) => {
  const database = await testDatabase(t)
  if (!database) return
  await tableOf(database)
  const store = await database.store()
  await store.transaction(async (tx) => {
    for (const sql of ['COMMIT', ' rollback', 'begin', 'CREATE TABLE u (a INT)', 'truncate t']) {
      await assert.rejects(tx.query(sql), { code: 'ARGUMENT' }, sql)
    }
    await assert.rejects(tx.query('INSERT INTO t VALUES (1, 1)'), { code: 'ER_DUP_ENTRY' })
    await tx.query('SAVEPOINT s')
    await tx.query('ROLLBACK TO s')
    const [{ affectedRows }] = await tx.query<ResultSetHeader>('UPDATE t SET n = 5 WHERE id = 1')
    assert.equal(affectedRows, 1)
  })
  const hidden = store.transaction(async (tx) => {
    await tx.query('UPDATE t SET n = 6 WHERE id = 1')
    await tx.query('/* hidden */ COMMIT')
    await tx.query('UPDATE t SET n = 7 WHERE id = 1')
  })
  await assert.rejects(hidden, { code: 'TRANSACTION_LOST' })
  const [rows] = await database.pool().query<Numbers>('SELECT n FROM t WHERE id = 1')
  assert.equal(rows[0]!.n, 6)
})

test('a transaction that waits too long for a lock leaves none behind', async (t) => {
  const database = await testDatabase(t)
  if (!database) return
  await tableOf(database)
  const store = await database.store()
  const holder = await database.pool().getConnection()
  await holder.beginTransaction()
  await holder.query('UPDATE t SET n = 1 WHERE id = 1')
  const stuck = store.transaction(
    async (tx) => {
      await tx.query('UPDATE t SET n = 2 WHERE id = 2')
      await tx.query('UPDATE t SET n = 2 WHERE id = 1')
    },
    { timeoutMs: 50 },
  )
  await assert.rejects(stuck, { code: 'TRANSACTION_TIMEOUT' })
  await holder.query('UPDATE t SET n = 3 WHERE id = 2')
  await holder.commit()
  holder.release()
})

test('more transactions than connections, each reading beside itself, all end', async (t) => {
  const database = await testDatabase(t)
  if (!database) return
  const store = await database.store(database.pool({ connectionLimit: 3 }))
  const work = [...Array(30).keys()].map((n) =>
    store.transaction(async (tx) => {
      await store.outbox.insert(tx, outboxRow(String(n)))
      await store.now()
      return store.outbox.waiting(1_000)
    }),
  )
  await Promise.all(work)
  assert.equal(await store.outbox.waiting(1_000), 30)
})

test('what the user began himself: with it or not at all, refused outside', async (t) => {
  const database = await testDatabase(t)
  if (!database) return
  const store = await database.store()
  const pool = database.pool()
  const own = await pool.getConnection()
  const insert = (id: string) => store.outbox.insert(own, outboxRow(id))
  await assert.rejects(async () => insert('none'), { code: 'TRANSACTION_MISSING' })
  await assert.rejects(async () => store.outbox.insert(pool, outboxRow('none')), {
    code: 'ARGUMENT',
  })
  await own.beginTransaction()
  await insert('gone')
  await own.rollback()
  await own.query('SET autocommit = 0')
  await insert('kept')
  await own.commit()
  own.destroy()
  assert.deepEqual(await waiting(store), ['kept'])
})

test('texts are refused, not cut; case and spaces tell them apart', async (t) => {
  const database = await testDatabase(t)
  if (!database) return
  const store = await database.store()
  await store.transaction(async (tx) => {
    await tx.query("SET SESSION sql_mode = ''")
    const put = (id: string) => store.outbox.insert(tx, outboxRow(id))
    await assert.rejects(async () => put('x'.repeat(256)), { code: 'LIMIT' })
    await assert.rejects(store.fence.write(tx, 'x'.repeat(701), 'committed'), { code: 'LIMIT' })
    for (const id of ['a', 'A', 'a ', 'ä', '😀'.repeat(127)]) {
      assert.deepEqual(await put(id), { repeated: false }, id)
    }
  })
})

test('a journal entry that was begun and not finished is none, and leaves no row', async (t) => {
  const database = await testDatabase(t)
  if (!database) return
  const store = await database.store()
  const key = { event: 'e', group: 'g', id: '1' }
  await store.transaction((tx) => store.journal.begin(tx, key))
  const [rows] = await database.pool().query<Numbers>('SELECT count(*) AS n FROM hufu_journal')
  assert.equal(rows[0]!.n, 0)
  assert.equal(await store.transaction((tx) => store.journal.begin(tx, key)), undefined)
})

test('of statements sent together none is carried out after the one that lost it', async (t) => {
  const database = await testDatabase(t)
  if (!database) return
  await tableOf(database)
  const store = await database.store()
  const other = await database.pool().getConnection()
  await other.beginTransaction()
  await other.query('UPDATE t SET n = 1 WHERE id = 1')
  let crossed: Promise<unknown> = Promise.resolve()
  const losing = store.transaction(async (tx) => {
    await tx.query('UPDATE t SET n = 2 WHERE id = 2')
    const all = [
      tx.query('UPDATE t SET n = 2 WHERE id = 1'),
      tx.query('INSERT INTO t VALUES (3, 3)'),
      store.outbox.insert(tx, outboxRow('late')),
    ]
    // The other one has changed more: the server takes this one for its victim.
    await other.query('INSERT INTO t VALUES (11, 0), (12, 0), (13, 0), (14, 0)')
    crossed = other.query('UPDATE t SET n = 1 WHERE id = 2')
    await Promise.allSettled(all)
  })
  await assert.rejects(losing, { code: 'TRANSACTION_LOST' })
  await crossed
  await other.commit()
  other.release()
  const [rows] = await database.pool().query<Numbers>('SELECT n FROM t WHERE id < 10 ORDER BY id')
  assert.deepEqual(
    rows.map(({ n }) => n),
    [1, 1],
  )
  assert.deepEqual(await waiting(store), [])
})

test('a transaction ended on its connection itself is not taken for committed', async (t) => {
  const database = await testDatabase(t)
  if (!database) return
  const store = await database.store()
  const ended = store.transaction(async (tx) => {
    await store.outbox.insert(tx, outboxRow('gone'))
    await tx.connection.rollback()
  })
  await assert.rejects(ended, { code: 'TRANSACTION_LOST' })
  assert.deepEqual(await waiting(store), [])
})
