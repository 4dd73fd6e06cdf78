import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { nodeOs } from '@hufu/os'
import type { SqliteOptions, SqliteStore, SqliteTx } from './index.ts'
import { sqlite } from './index.ts'

const TABLES = `CREATE TABLE IF NOT EXISTS parent (id INTEGER PRIMARY KEY);
  CREATE TABLE IF NOT EXISTS child (
    parent INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)`

function inFile(
  fn: (store: SqliteStore, path: string) => Promise<void>,
  limits: SqliteOptions['limits'] = {},
) {
  return async () => {
    const dir = await mkdtemp(join(tmpdir(), 'hufu-sqlite-'))
    const path = join(dir, 'app.db')
    const store = sqlite(path, { setUp: (db) => db.exec(TABLES), limits })
    await store.open(nodeOs)
    try {
      await fn(store, path)
    } finally {
      await store.close()
      await rm(dir, { recursive: true })
    }
  }
}

const add = (tx: SqliteTx, id: number) => void tx.run('INSERT INTO parent VALUES (?)', id)

const ids = async (store: SqliteStore) => {
  const rows = await store.transaction((tx) => tx.all<{ id: number }>('SELECT id FROM parent'))
  return rows.map((row) => row.id)
}

describe('the SQLite store', () => {
  it(
    'a failed COMMIT rejects the whole group, for none of it is stored; the next group works',
    inFile(async (store) => {
      const good = store.transaction((tx) => add(tx, 1))
      const bad = store.transaction((tx) => void tx.run('INSERT INTO child VALUES (99)'))
      await assert.rejects(good, { code: 'COMMIT_FAILED' })
      await assert.rejects(bad, { code: 'COMMIT_FAILED' })
      await store.transaction((tx) => add(tx, 2))
      assert.deepEqual(await ids(store), [2])
    }),
  )

  it(
    'a group is bounded by a number of transactions',
    inFile(
      async (store) => {
        const first = store.transaction((tx) => add(tx, 1))
        const second = store.transaction((tx) => void tx.run('INSERT INTO child VALUES (99)'))
        await first
        await assert.rejects(second, { code: 'COMMIT_FAILED' })
        assert.deepEqual(await ids(store), [1])
      },
      { groupMax: 1 },
    ),
  )

  it(
    'a transaction that ends the shared one is found out; the others are told',
    inFile(async (store) => {
      const before = store.transaction((tx) => add(tx, 1))
      const culprit = store.transaction((tx) => tx.db.exec('ROLLBACK'))
      const after = store.transaction((tx) => add(tx, 2))
      await assert.rejects(before, { code: 'TRANSACTION_LOST' })
      await assert.rejects(culprit, { code: 'TRANSACTION_LOST' })
      await after
      assert.deepEqual(await ids(store), [2])
    }),
  )

  it(
    'BEGIN, COMMIT and the like are refused inside a transaction',
    inFile(async (store) => {
      for (const sql of ['commit', ' ROLLBACK', 'BEGIN', 'SAVEPOINT a', 'release a', 'END']) {
        const running = store.transaction((tx) => tx.run(sql))
        await assert.rejects(running, { code: 'ARGUMENT' })
      }
    }),
  )

  it(
    'a tx kept beyond its transaction throws at every use',
    inFile(async (store) => {
      const kept = await store.transaction((tx) => tx)
      assert.throws(() => add(kept, 1), { code: 'TRANSACTION_OVER' })
      assert.throws(() => kept.get('SELECT 1'), { code: 'TRANSACTION_OVER' })
      assert.throws(() => kept.all('SELECT 1'), { code: 'TRANSACTION_OVER' })
      assert.throws(() => kept.db, { code: 'TRANSACTION_OVER' })
      const failed: SqliteTx[] = []
      const failing = store.transaction((tx) => {
        failed.push(tx)
        throw new Error('no')
      })
      await assert.rejects(failing)
      assert.throws(() => add(failed[0]!, 1), { code: 'TRANSACTION_OVER' })
    }),
  )

  it(
    'work started inside a transaction may begin its own once that has ended',
    inFile(async (store) => {
      const inner = Promise.withResolvers<void>()
      await store.transaction(() => {
        setTimeout(() => store.transaction((tx) => add(tx, 1)).then(inner.resolve, inner.reject), 5)
      })
      await inner.promise
      assert.deepEqual(await ids(store), [1])
    }),
  )

  it(
    'a commit is on disk: full sync, write-ahead log',
    inFile(async (store) => {
      await store.transaction((tx) => {
        assert.deepEqual({ ...tx.get<object>('PRAGMA synchronous') }, { synchronous: 2 })
        assert.deepEqual({ ...tx.get<object>('PRAGMA journal_mode') }, { journal_mode: 'wal' })
      })
    }),
  )

  it(
    'a thenable that is no Promise is waited for',
    inFile(async (store) => {
      await store.transaction((tx) => {
        const later = (done: () => void) => {
          add(tx, 1)
          setTimeout(done, 5)
        }
        // As the lazy queries of some database libraries are.
        const name = 'then'
        const lazy = { [name]: later }
        return lazy as unknown as Promise<void>
      })
      assert.deepEqual(await ids(store), [1])
    }),
  )

  it(
    'a foreign lock is waited for without blocking the process, up to a limit',
    inFile(
      async (store, path) => {
        const foreign = new DatabaseSync(path)
        foreign.exec('BEGIN IMMEDIATE')
        const waiting = store.transaction((tx) => add(tx, 1))
        await new Promise((resolve) => setTimeout(resolve, 20))
        foreign.exec('COMMIT')
        await waiting
        foreign.exec('BEGIN IMMEDIATE')
        const refused = [
          store.transaction((tx) => add(tx, 2)),
          store.transaction((tx) => add(tx, 3)),
        ]
        for (const one of refused) await assert.rejects(one, { code: 'STORE_BUSY' })
        foreign.exec('COMMIT')
        foreign.close()
        assert.deepEqual(await ids(store), [1])
      },
      { lockWaitMs: 600 },
    ),
  )

  it(
    'a full database fails what needs room, and goes on when there is room again',
    inFile(async (store) => {
      const pages = await store.transaction((tx) => {
        tx.run('CREATE TABLE big (bytes BLOB)')
        return tx.get<{ page_count: number }>('PRAGMA page_count')!.page_count
      })
      await store.transaction((tx) => tx.db.exec(`PRAGMA max_page_count = ${pages + 2}`))
      const big = (tx: SqliteTx) => void tx.run('INSERT INTO big VALUES (zeroblob(1000000))')
      await assert.rejects(store.transaction(big), { code: 'STORE_UNUSABLE', message: /full/ })
      await store.transaction((tx) => add(tx, 1))
      await store.transaction((tx) => tx.db.exec('PRAGMA max_page_count = 1000000'))
      await store.transaction(big)
      assert.deepEqual(await ids(store), [1])
    }),
  )

  it(
    'tables of a newer version are refused, and so is what is no database or no file',
    inFile(async (store, path) => {
      await store.transaction((tx) => tx.run('UPDATE hufu_version SET version = 999'))
      await assert.rejects(sqlite(path).open(nodeOs), {
        code: 'STORE_FORMAT',
        message: /tables are of version 999, this Hufu knows \d+$/,
      })
      await assert.rejects(sqlite(join(path, 'x')).open(nodeOs), { code: 'STORE_UNUSABLE' })
      assert.throws(() => sqlite(':memory:'), { code: 'ARGUMENT' })
      assert.throws(() => sqlite(''), { code: 'ARGUMENT' })
    }),
  )

  it('a store that is not open says so', async () => {
    const store = sqlite('never-opened.db')
    await assert.rejects(
      store.transaction(() => 1),
      { code: 'CLOSED' },
    )
  })
})
