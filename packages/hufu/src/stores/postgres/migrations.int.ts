import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeOs } from '@hufu/os'
import { runSql } from '../../../../../tools/services/sql.ts'
import { outboxRow } from '../../testing/rows.ts'
import { emptySchema, openStore, poolOf } from './database.fixture.ts'
import { postgres, postgresMigrations } from './index.ts'

/** As dtm's own scripts make it. */
const DTM = `CREATE SCHEMA dtm_barrier; CREATE SEQUENCE dtm_barrier.barrier_seq;
  CREATE TABLE dtm_barrier.barrier (id bigint NOT NULL DEFAULT nextval('dtm_barrier.barrier_seq'),
    trans_type varchar(45) DEFAULT '', gid varchar(128) DEFAULT '',
    branch_id varchar(128) DEFAULT '', op varchar(45) DEFAULT '',
    barrier_id varchar(45) DEFAULT '', reason varchar(45) DEFAULT '',
    create_time timestamp(0) with time zone DEFAULT NULL,
    update_time timestamp(0) with time zone DEFAULT NULL,
    PRIMARY KEY (id), CONSTRAINT uniq_barrier UNIQUE (gid, branch_id, op, barrier_id))`

/** As dtm's clients insert. */
const enterAsDtm = (table: string, op: string) =>
  `INSERT INTO ${table} (trans_type, gid, branch_id, op, barrier_id, reason)
   VALUES ('tcc', 'g', '01', '${op}', '01', '${op}') ON CONFLICT ON CONSTRAINT uniq_barrier
   DO NOTHING RETURNING op`

test('many that open a new database at the same time make its tables once', async (t) => {
  const url = await emptySchema(t)
  if (!url) return
  const stores = [...Array(6).keys()].map(() => postgres(url, { schema: 'app' }))
  await Promise.all(stores.map((store) => store.open(nodeOs)))
  await stores[0]!.transaction((tx) => stores[0]!.outbox.insert(tx, outboxRow('1')))
  assert.equal(await stores[5]!.outbox.waiting(9), 1)
  await Promise.all(stores.map((store) => store.close()))
  const left = await runSql(url, `SELECT version FROM app.hufu_version`)
  assert.deepEqual(left, [{ version: postgresMigrations().length }])
})

test('tables that are there need no right to change any; a newer version is refused', async (t) => {
  const opened = await openStore(t)
  if (!opened) return
  const { url, pool } = opened
  const settings = new URL(url)
  const more = `${settings.searchParams.get('options')} -c default_transaction_read_only=on`
  settings.searchParams.set('options', more)
  const reading = postgres(settings.href)
  await reading.open(nodeOs)
  assert.equal(await reading.outbox.waiting(9), 0)
  await reading.close()
  await pool.query('UPDATE hufu_version SET version = 999')
  await assert.rejects(postgres(url).open(nodeOs), {
    code: 'STORE_FORMAT',
    message: /tables are of version 999, this Hufu knows \d+$/,
  })
})

test('the texts for people who make the tables themselves make what the store wants', async (t) => {
  const url = await emptySchema(t)
  if (!url) return
  const texts = postgresMigrations({ prefix: 'my_' })
  await runSql(url, ...texts, 'CREATE TABLE my_version (version integer)')
  await runSql(url, `INSERT INTO my_version VALUES (${texts.length})`)
  const [mine, other] = [postgres(url, { prefix: 'my_' }), postgres(url)]
  for (const store of [mine, other]) await store.open(nodeOs)
  await mine.transaction((tx) => mine.outbox.insert(tx, outboxRow('1')))
  assert.deepEqual([await mine.outbox.waiting(9), await other.outbox.waiting(9)], [1, 0])
  for (const store of [mine, other]) await store.close()
})

test('dtm’s clients share the barrier: theirs with us, ours with them', async (t) => {
  const url = await emptySchema(t)
  if (!url) return
  await runSql(url, DTM)
  const key = { kind: 'tcc', gid: 'g', branch: '01', barrier: '01' } as const
  for (const barrierTable of ['dtm_barrier.barrier', 'hufu_barrier']) {
    const store = postgres(url, { barrierTable })
    await store.open(nodeOs)
    const enter = (op: string) => store.transaction((tx) => store.barrier.enter(tx, { ...key, op }))
    assert.equal((await runSql(url, enterAsDtm(barrierTable, 'try'))).length, 1)
    assert.equal(await enter('try'), 'repeat')
    assert.equal(await enter('cancel'), 'go')
    assert.deepEqual(await runSql(url, enterAsDtm(barrierTable, 'cancel')), [])
    const later = Number.MAX_SAFE_INTEGER
    assert.ok((await store.retention.purge('barrier', later, 10)) > 0)
    await store.close()
  }
})

test('a pool that is given is not ended, one of the store’s own is', async (t) => {
  const url = await emptySchema(t)
  if (!url) return
  const pool = poolOf(t, url)
  const count = `SELECT count(*)::integer AS n FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()`
  const own = postgres(url)
  await own.open(nodeOs)
  await own.now()
  await own.close()
  await assert.rejects(async () => own.now(), { code: 'CLOSED' })
  const left = async () => (await pool.query(count)).rows[0].n
  while ((await left()) > 0) await new Promise((resolve) => setTimeout(resolve, 5))
  const given = postgres(pool)
  await given.open(nodeOs)
  await given.close()
  assert.equal((await pool.query('SELECT 7 AS n')).rows[0].n, 7)
})

test('a name says where the database is, never who with which password', () => {
  assert.equal(postgres('postgres://me:secret@db.example/app').name, 'postgres db.example/app')
  assert.equal(postgres({ host: 'h', database: 'd', password: 'secret' }).name, 'postgres h d')
  for (const prefix of ['a-b', '1', '', 'x"; DROP TABLE y; --', 'a'.repeat(64)]) {
    if (prefix !== '') assert.throws(() => postgres('', { prefix }), { code: 'ARGUMENT' })
  }
  assert.throws(() => postgres('', { barrierTable: 'a.b.c' }), { code: 'ARGUMENT' })
})

test('a database that is not there is told as such', async () => {
  const nowhere = postgres('postgres://me:secret@127.0.0.1:1/app')
  await assert.rejects(nowhere.open(nodeOs), {
    code: 'STORE_UNUSABLE',
    message: /^Opening postgres 127\.0\.0\.1:1\/app: .*ECONNREFUSED/,
  })
})
