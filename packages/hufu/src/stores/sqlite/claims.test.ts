import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { nodeOs } from '@hufu/os'
import type { NewOutboxRow, SendOutcome } from '../../ports/store.ts'
import { outboxRow } from '../../testing/rows.ts'
import type { SqliteStore } from './index.ts'
import { sqlite } from './index.ts'

function inFile(fn: (store: SqliteStore) => Promise<void>) {
  return async () => {
    const dir = await mkdtemp(join(tmpdir(), 'hufu-claims-'))
    const store = sqlite(join(dir, 'app.db'))
    await store.open(nodeOs)
    try {
      await fn(store)
    } finally {
      await store.close()
      await rm(dir, { recursive: true })
    }
  }
}

const insert = (store: SqliteStore, ...rows: NewOutboxRow[]) =>
  store.transaction(async (tx) => {
    for (const row of rows) await store.outbox.insert(tx, row)
  })

async function claim(store: SqliteStore, limit: number) {
  const found = await store.outbox.claim({ relay: 'r', limit, leaseMs: 60_000 })
  const { token, rows, more } = found!
  return { token, rows, more, ids: rows.map(({ id }) => id) }
}

const settle = (store: SqliteStore, token: number, outcomes: SendOutcome[]) =>
  store.transaction((tx) => store.outbox.settle(tx, token, outcomes))

const ofKey = (key: string, ...ids: string[]) => ids.map((id) => outboxRow(id, { key }))

describe('claims of a SQLite store', () => {
  it(
    'behind a page of one busy key other keys are found',
    inFile(async (store) => {
      await insert(store, ...ofKey('k', '1', '2', '3'), outboxRow('4'), ...ofKey('l', '5', '6'))
      const { ids, more } = await claim(store, 3)
      assert.deepEqual(ids, ['1', '4', '5'])
      assert.equal(more, true)
    }),
  )

  it(
    'a full claim says that there may be more, a last one that there is not',
    inFile(async (store) => {
      await insert(store, outboxRow('1'), outboxRow('2'), outboxRow('3'))
      const first = await claim(store, 2)
      assert.deepEqual([first.ids, first.more], [['1', '2'], true])
      const sent = first.rows.map(({ ref }) => ({ ref, outcome: 'sent', resendAt: null }) as const)
      await settle(store, first.token, sent)
      const second = await claim(store, 2)
      assert.deepEqual([second.ids, second.more], [['3'], false])
    }),
  )

  it(
    'rows that lie between those that were sent stay unsent',
    inFile(async (store) => {
      const ids = ['1', '2', '3', '4', '5', '6']
      await insert(store, ...ids.map((id) => outboxRow(id)))
      const { token, rows } = await claim(store, 10)
      const later = (await store.now()) + 60_000
      const sent = rows
        .filter(({ id }) => id !== '3' && id !== '5')
        .map(({ ref }) => ({ ref, outcome: 'sent', resendAt: later }) as const)
      await settle(store, token, sent)
      assert.deepEqual((await claim(store, 10)).ids, ['3', '5'])
      assert.equal((await store.outbox.stats()).open, 4)
    }),
  )

  it(
    'a time to try again further away than any is given means that the clock went back: at once',
    inFile(async (store) => {
      await insert(store, outboxRow('1'), outboxRow('2'))
      const { token, rows } = await claim(store, 10)
      const [one, two] = rows
      const hour = 3_600_000
      const now = await store.now()
      await settle(store, token, [
        { ref: one!.ref, outcome: 'refused', dueAt: now + 3 * hour },
        { ref: two!.ref, outcome: 'refused', dueAt: now + hour },
      ])
      assert.deepEqual((await claim(store, 10)).ids, ['1'])
    }),
  )
})
