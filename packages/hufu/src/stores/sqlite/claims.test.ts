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

/** Same numbers at each run. */
function dice(seed: number) {
  let state = seed
  return (sides: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * sides)
  }
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

  it(
    'whatever is refused or not settled, each row is sent once, in the order of its key',
    inFile(async (store) => {
      const roll = dice(7)
      const sent: string[] = []
      let stored = 0
      for (let round = 0; stored < 400 || sent.length < stored; round++) {
        const rows = stored < 400 ? roll(16) : 0
        const keys = Array.from(
          { length: rows },
          () => [null, 'k', 'k', 'l', `m${roll(9)}`][roll(5)]!,
        )
        await insert(store, ...keys.map((key) => outboxRow(String(stored++), { key })))
        const claimed = await claim(store, 1 + roll(6))
        const outcomes = claimed.rows.flatMap(({ ref, id, key }): SendOutcome[] => {
          const fate = roll(8)
          if (fate === 0) return []
          if (fate === 1) return [{ ref, outcome: 'refused', dueAt: Date.now() - 1 }]
          sent.push(`${key} ${id}`)
          return [{ ref, outcome: 'sent', resendAt: fate < 4 ? null : Date.now() + 9e6 }]
        })
        await settle(store, claimed.token, outcomes)
        assert.equal(await store.outbox.waiting(1_000), stored - sent.length, `round ${round}`)
      }
      assert.equal(new Set(sent).size, stored)
      for (const key of new Set(sent.map((each) => each.split(' ')[0]!))) {
        const ids = sent
          .filter((each) => each.startsWith(`${key} `))
          .map((each) => +each.split(' ')[1]!)
        if (key !== 'null')
          assert.deepEqual(
            ids,
            ids.toSorted((a, b) => a - b),
          )
      }
      assert.deepEqual((await claim(store, 10)).ids, [])
    }),
  )

  it(
    'a row that was passed waits, too, behind a refused one of its key that is not due',
    inFile(async (store) => {
      await insert(store, ...ofKey('k', '1', '2'), outboxRow('3'))
      const { token, rows } = await claim(store, 10)
      const [one, three] = rows
      const dueAt = Date.now() + 3_600_000
      await settle(store, token, [
        { ref: three!.ref, outcome: 'sent', resendAt: null },
        { ref: one!.ref, outcome: 'refused', dueAt },
      ])
      await insert(store, ...ofKey('k', '4'), ...ofKey('l', '5'))
      assert.deepEqual((await claim(store, 10)).ids, ['5'])
      await settle(store, token, [{ ref: one!.ref, outcome: 'parked' }])
      assert.deepEqual((await claim(store, 10)).ids, ['2', '5'])
    }),
  )

  it(
    'half messages, which no relay sends, do not make the look for the others longer',
    inFile(async (store) => {
      const sent = { resendAt: Date.now() + 9e6 }
      const halves = Array.from({ length: 300 }, (_, n) => outboxRow(`h${n}`, { sent }))
      await insert(store, ...halves, outboxRow('1', { receipts: false }))
      const { token, rows } = await claim(store, 10)
      await settle(store, token, [{ ref: rows[0]!.ref, outcome: 'sent', resendAt: null }])
      await insert(store, ...halves.map((row) => ({ ...row, id: `again ${row.id}` })))
      assert.deepEqual((await claim(store, 10)).rows, [])
      const sql = 'SELECT seq FROM hufu_outbox_cursor'
      assert.deepEqual(await store.transaction((tx) => tx.get<{ seq: number }>(sql)!.seq), 601)
      await insert(store, outboxRow('2'))
      assert.deepEqual((await claim(store, 10)).ids, ['2'])
    }),
  )

  it(
    'a row that waited long before it was sent is kept from its sending on',
    inFile(async (store) => {
      await insert(store, outboxRow('1', { receipts: false }), outboxRow('2', { receipts: false }))
      const past = Date.now() - 3_600_000
      await store.transaction((tx) => tx.run('UPDATE hufu_outbox SET published_at = ?', past))
      const { token, rows } = await claim(store, 10)
      const outcomes = rows.map(({ ref }) => ({ ref, outcome: 'sent', resendAt: null }) as const)
      await settle(store, token, outcomes)
      assert.equal(await store.retention.purge('outbox', past + 60_000, 10), 0)
      assert.equal(await store.retention.purge('outbox', Date.now() + 60_000, 10), 1)
    }),
  )

  it(
    'the row with the highest number is not purged, so that no number is given twice',
    inFile(async (store) => {
      for (const id of ['1', '2', '3']) {
        await insert(store, outboxRow(id, { receipts: false }))
        const { token, rows } = await claim(store, 10)
        assert.deepEqual(
          rows.map((row) => [row.id, String(row.ref)]),
          [[id, id]],
        )
        await settle(store, token, [{ ref: rows[0]!.ref, outcome: 'sent', resendAt: null }])
        const gone = await store.retention.purge('outbox', Date.now() + 60_000, 10)
        assert.equal(gone, id === '1' ? 0 : 1)
      }
    }),
  )
})
