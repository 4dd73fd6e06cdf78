import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { nodeOs } from '@hufu/os'
import type { OutboxRow } from '../../ports/store.ts'
import { outboxRow } from '../../testing/rows.ts'
import type { SqliteStore } from './index.ts'
import { sqlite } from './index.ts'
import { Recent } from './recent.ts'

function inFile(fn: (store: SqliteStore, path: string) => Promise<void>) {
  return async () => {
    const dir = await mkdtemp(join(tmpdir(), 'hufu-recent-'))
    const path = join(dir, 'app.db')
    const store = sqlite(path)
    await store.open(nodeOs)
    try {
      await fn(store, path)
    } finally {
      await store.close()
      await rm(dir, { recursive: true })
    }
  }
}

const HOUR_MS = 3_600_000

const insert = (store: SqliteStore, ...ids: string[]) =>
  store.transaction(async (tx) => {
    for (const id of ids) await store.outbox.insert(tx, outboxRow(id))
  })

/** Claims everything and settles it as sent; the ids. */
async function send(store: SqliteStore): Promise<string[]> {
  const { token, rows } = (await store.outbox.claim({ relay: 'r', limit: 100, leaseMs: HOUR_MS }))!
  const resendAt = (await store.now()) + HOUR_MS
  const sent = rows.map(({ ref }) => ({ ref, outcome: 'sent', resendAt }) as const)
  assert.equal(await store.transaction((tx) => store.outbox.settle(tx, token, sent)), true)
  return rows.map(({ id }) => id)
}

/** In one transaction: a row stored in a savepoint of the user's own, undone, and then `after`. */
const undone = (store: SqliteStore, id: string, after: (tx: Tx) => unknown = () => {}) =>
  store.transaction(async (tx) => {
    tx.db.exec('SAVEPOINT own')
    await store.outbox.insert(tx, outboxRow(id))
    tx.db.exec('ROLLBACK TO own; RELEASE own')
    await after(tx)
  })

type Tx = Parameters<Parameters<SqliteStore['transaction']>[0]>[0]

describe('rows handed to the relay in memory', () => {
  it(
    'a row undone by a savepoint of the user is not sent, whoever gets its number',
    inFile(async (store, path) => {
      const other = new DatabaseSync(path)
      const foreign = (id: string) => {
        other.exec('BEGIN IMMEDIATE')
        store.outbox.insert(other, outboxRow(id))
        other.exec('COMMIT')
      }
      await undone(store, 'gone')
      foreign('1')
      assert.deepEqual(await send(store), ['1'])
      await undone(store, 'gone', (tx) => store.outbox.insert(tx, outboxRow('2')))
      assert.deepEqual(await send(store), ['2'])
      await undone(store, 'gone', (tx) => store.outbox.insert(tx.db, outboxRow('3')))
      assert.deepEqual(await send(store), ['3'])
      const sent = { resendAt: (await store.now()) + HOUR_MS }
      await undone(store, 'gone', (tx) => store.outbox.insert(tx, outboxRow('half', { sent })))
      assert.deepEqual(await send(store), [])
      other.close()
    }),
  )

  it(
    'what a transaction stored before it failed is not sent, what was stored after it is',
    inFile(async (store) => {
      const failing = store.transaction(async (tx) => {
        await store.outbox.insert(tx, outboxRow('gone'))
        throw new Error('no')
      })
      const results = await Promise.allSettled([insert(store, '1'), failing, insert(store, '2')])
      assert.deepEqual(
        results.map(({ status }) => status),
        ['fulfilled', 'rejected', 'fulfilled'],
      )
      assert.deepEqual(await send(store), ['1', '2'])
    }),
  )

  it(
    'rows of others that lie between are sent in their order',
    inFile(async (store, path) => {
      const another = sqlite(path)
      await another.open(nodeOs)
      await insert(store, '1', '2')
      await insert(another, '3')
      await insert(store, '4')
      assert.deepEqual([...(await send(store)), ...(await send(store))], ['1', '2', '3', '4'])
      await another.close()
    }),
  )

  it('behind a gap nothing is kept, and nothing is given before its turn', () => {
    const recent = new Recent()
    const row = (ref: number) => ({ ...outboxRow(String(ref)), ref }) as unknown as OutboxRow
    const refs = (cursor: number) => recent.behind(cursor).map(({ ref }) => ref)
    recent.add([row(5), row(6)])
    assert.deepEqual([refs(3), refs(4), refs(5), refs(6), refs(4)], [[], [5, 6], [6], [], []])
    recent.add([row(7), row(9)])
    assert.deepEqual([refs(6), refs(7), refs(8)], [[7], [], []])
    recent.add([row(9)])
    assert.deepEqual([refs(7), refs(8)], [[], [9]])
  })

  it('more bytes than fit are read from the file', () => {
    const recent = new Recent()
    const body = new Uint8Array(3 * 1024 * 1024)
    const row = (ref: number) => ({ ...outboxRow('', { body }), ref }) as unknown as OutboxRow
    recent.add([row(1), row(2)])
    recent.add([row(3)])
    assert.equal(recent.behind(0).length, 1)
    assert.equal(recent.behind(1).length, 0)
    recent.add([row(4)])
    assert.equal(recent.behind(3).length, 1)
  })
})
