import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { nodeOs, type Os } from '@hufu/os'
import { transactionRow } from '../../testing/rows.ts'
import type { SqliteStore } from './index.ts'
import { sqlite } from './index.ts'

const HOUR_MS = 3_600_000
const KNOWN = [{ name: 'd', hash: 'h' }]

/** An open store whose clock is moved by `shift.ms`, and another connection to its file. */
interface Place {
  readonly store: SqliteStore
  readonly db: DatabaseSync
  readonly shift: { ms: number }
}

function inFile(fn: (place: Place) => Promise<void>) {
  return async () => {
    const dir = await mkdtemp(join(tmpdir(), 'hufu-transactions-'))
    const path = join(dir, 'app.db')
    const shift = { ms: 0 }
    const store = sqlite(path)
    await store.open(shifted(shift))
    const db = new DatabaseSync(path)
    try {
      await fn({ store, db, shift })
    } finally {
      db.close()
      await store.close()
      await rm(dir, { recursive: true })
    }
  }
}

function shifted(shift: { readonly ms: number }): Os {
  const { clock } = nodeOs
  const moved = {
    now: () => clock.now() + shift.ms,
    mono: () => clock.mono(),
    timer: clock.timer.bind(clock),
    turn: clock.turn.bind(clock),
  }
  return { ...nodeOs, clock: moved }
}

async function claimed({ transactions }: SqliteStore, owner: number) {
  const rows = await transactions.claim({ owner, definitions: KNOWN, limit: 10 })
  return rows.map(({ id }) => id)
}

const begin = (store: SqliteStore, id: string, owner: number) =>
  store.transaction((tx) => store.transactions.insert(tx, transactionRow(id, { owner })))

const TRY = { kind: 'tcc', gid: 'g', branch: '01', op: 'try', barrier: '01' } as const

describe('global transactions and barrier of a SQLite store', () => {
  it(
    'a transaction that the user began himself takes both, and needs to be one',
    inFile(async ({ store, db }) => {
      db.exec('BEGIN')
      await store.transactions.insert(db, transactionRow('t1'))
      assert.equal(await store.barrier.enter(db, TRY), 'go')
      await store.barrier.keep(db, TRY, '1')
      assert.equal(await store.transactions.get('t1'), undefined)
      db.exec('COMMIT')
      assert.equal((await store.transactions.get('t1'))?.id, 't1')
      assert.equal(await store.transaction((tx) => store.barrier.result(tx, TRY)), '1')
      await assert.rejects(store.barrier.enter(db, TRY), { code: 'TRANSACTION_MISSING' })
    }),
  )

  it(
    "a row that a dtm client wrote into dtm's columns counts, and is purged in time",
    inFile(async ({ store, db }) => {
      const before = await store.now()
      db.exec(`INSERT INTO hufu_barrier (trans_type, gid, branch_id, op, barrier_id, reason)
        VALUES ('tcc', 'g', '01', 'try', '01', 'try')`)
      assert.equal(await store.transaction((tx) => store.barrier.enter(tx, TRY)), 'repeat')
      assert.equal(await store.retention.purge('barrier', before, 10), 0)
      assert.equal(await store.retention.purge('barrier', before + HOUR_MS, 10), 1)
    }),
  )

  it(
    'the reason of a row is the op that inserted it',
    inFile(async ({ store, db }) => {
      await store.transaction((tx) => store.barrier.enter(tx, { ...TRY, op: 'cancel' }))
      const rows = db.prepare('SELECT trans_type, op, reason FROM hufu_barrier ORDER BY op').all()
      assert.deepEqual(
        rows.map((row) => ({ ...row })),
        [
          { trans_type: 'tcc', op: 'cancel', reason: 'cancel' },
          { trans_type: 'tcc', op: 'try', reason: 'cancel' },
        ],
      )
    }),
  )

  it(
    'a clock that is set back far does not make a dead coordinator live longer',
    inFile(async ({ store, shift }) => {
      const dead = await store.transactions.register(60_000)
      await begin(store, 't1', dead)
      shift.ms = -HOUR_MS
      const owner = await store.transactions.register(60_000)
      assert.deepEqual(await claimed(store, owner), ['t1'])
      assert.equal(await store.transactions.renew(dead, 60_000), false)
    }),
  )

  it(
    'a clock that is set back a little takes nothing from a living coordinator',
    inFile(async ({ store, shift }) => {
      const living = await store.transactions.register(60_000)
      await begin(store, 't1', living)
      shift.ms = -30_000
      const owner = await store.transactions.register(60_000)
      assert.deepEqual(await claimed(store, owner), [])
      assert.equal(await store.transactions.renew(living, 60_000), true)
    }),
  )

  it(
    'void coordinators are forgotten after an hour, those with open transactions are not',
    inFile(async ({ store, db, shift }) => {
      const [idle, busy] = [
        await store.transactions.register(60_000),
        await store.transactions.register(60_000),
      ]
      await begin(store, 't1', busy)
      for (const number of [idle, busy]) await store.transactions.unregister(number)
      shift.ms = HOUR_MS + 1_000
      const owner = await store.transactions.register(60_000)
      const rows = db.prepare('SELECT number FROM hufu_coordinators ORDER BY number').all()
      assert.deepEqual(
        rows.map(({ number }) => number),
        [busy, owner],
      )
      assert.deepEqual(await claimed(store, owner), ['t1'])
    }),
  )

  it(
    'a transaction of a coordinator that is forgotten is claimed once another registers',
    inFile(async ({ store, shift }) => {
      const gone = await store.transactions.register(60_000)
      await store.transactions.unregister(gone)
      shift.ms = HOUR_MS + 1_000
      const owner = await store.transactions.register(60_000)
      await begin(store, 'late', gone)
      assert.deepEqual(await claimed(store, owner), [])
      const next = await store.transactions.register(60_000)
      assert.deepEqual(await claimed(store, next), ['late'])
    }),
  )
})
