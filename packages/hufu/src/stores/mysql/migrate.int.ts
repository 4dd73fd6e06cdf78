import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeOs } from '@hufu/os'
import type { ResultSetHeader, RowDataPacket } from 'mysql2/promise'
import { outboxRow } from '../../testing/rows.ts'
import { testDatabase } from './database.fixture.ts'
import { mysql, mysqlSchema } from './index.ts'

test('several open an empty database at the same time, and all of them can work', async (t) => {
  const database = await testDatabase(t)
  if (!database) return
  const stores = await Promise.all([...Array(5)].map(() => database.store()))
  for (const [n, store] of stores.entries()) {
    await store.transaction((tx) => store.outbox.insert(tx, outboxRow(String(n))))
  }
  assert.equal(await stores[0]!.outbox.waiting(10), 5)
})

test('a database of a newer version is refused', async (t) => {
  const database = await testDatabase(t)
  if (!database) return
  await database.store()
  await database.pool().query('UPDATE hufu_version SET version = version + 1')
  await assert.rejects(mysql(database.url).open(nodeOs), { code: 'STORE_FORMAT' })
})

test('a user who may not make tables works with those that are there', async (t) => {
  const database = await testDatabase(t)
  if (!database) return
  const pool = database.pool()
  for (const sql of mysqlSchema('mariadb', { prefix: 'shop_' })) await pool.query(sql)
  const user = `u_${process.pid}`
  const name = new URL(database.url).pathname.slice(1)
  await pool.query(`CREATE USER ${user}@'%' IDENTIFIED BY 'secret'`)
  database.after(() => pool.query(`DROP USER ${user}@'%'`))
  await pool.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${name}.* TO ${user}@'%'`)
  const url = Object.assign(new URL(database.url), { username: user, password: 'secret' }).href
  const store = await database.store(url, { prefix: 'shop_' })
  await store.transaction((tx) => store.outbox.insert(tx, outboxRow('1')))
  const [rows] = await pool.query<RowDataPacket[]>('SELECT id FROM shop_outbox')
  assert.deepEqual(
    rows.map(({ id }) => id),
    ['1'],
  )
})

test("the barrier shares dtm's table with services in other languages", async (t) => {
  const database = await testDatabase(t)
  if (!database) return
  const pool = database.pool()
  // As in dtm's dtmcli.barrier.mysql.sql.
  await pool.query(`CREATE TABLE barrier (id bigint(22) PRIMARY KEY AUTO_INCREMENT,
    trans_type varchar(45) default '', gid varchar(128) default '',
    branch_id varchar(128) default '', op varchar(45) default '',
    barrier_id varchar(45) default '', reason varchar(45) default '' comment 'the branch type',
    create_time datetime DEFAULT now(), update_time datetime DEFAULT now(),
    key(create_time), key(update_time), UNIQUE key(gid, branch_id, op, barrier_id)
    ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`)
  const name = new URL(database.url).pathname.slice(1)
  const store = await database.store(database.url, { barrierTable: `${name}.barrier` })
  const key = { kind: 'tcc', gid: 'g', branch: '01', barrier: '01' } as const
  const enter = (op: string) => store.transaction((tx) => store.barrier.enter(tx, { ...key, op }))
  assert.equal(await enter('try'), 'go')
  // What a dtm client writes for its own try.
  const [{ affectedRows }] = await pool.query<ResultSetHeader>(`INSERT IGNORE INTO barrier
    (trans_type, gid, branch_id, op, barrier_id, reason)
    VALUES ('tcc', 'g', '02', 'try', '01', 'try')`)
  assert.equal(affectedRows, 1)
  assert.equal(await enter('cancel'), 'go')
  const other = await store.transaction((tx) =>
    store.barrier.enter(tx, { ...key, branch: '02', op: 'cancel' }),
  )
  assert.equal(other, 'go')
  const [rows] = await pool.query<RowDataPacket[]>('SELECT op, reason FROM barrier ORDER BY id')
  assert.deepEqual(
    rows.map(({ op, reason }) => `${op} ${reason}`),
    ['try try', 'try try', 'cancel cancel', 'cancel cancel'],
  )
  assert.equal(await store.retention.purge('barrier', Number.MAX_SAFE_INTEGER, 10), 4)
})
