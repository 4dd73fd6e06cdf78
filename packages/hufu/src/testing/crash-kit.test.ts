import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { createHufu } from '../hufu.ts'
import { doIn, endIn } from '../in-store.ts'
import { fail } from '../outcome.ts'
import type { Store } from '../ports/store.ts'
import type { StandardSchema } from '../schema.ts'
import { type SqliteTx, sqlite } from '../stores/sqlite/index.ts'
import { type CrashReport, crashEverywhere } from './crash-kit.ts'
import type { Life } from './crash-kit-life.ts'

type Shop = Store<SqliteTx, DatabaseSync>

interface Transfer {
  readonly cents: number
}

const transferSchema: StandardSchema<Transfer> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => ({ value: value as Transfer }),
  },
}

function open(life: Life, name: string): Shop {
  const setUp = (db: DatabaseSync) => {
    db.exec('CREATE TABLE IF NOT EXISTS accounts (name TEXT PRIMARY KEY, cents INTEGER)')
    db.exec(`INSERT OR IGNORE INTO accounts VALUES ('${name}', 100)`)
  }
  return life.store(sqlite(join(life.dir, `${name}.db`), { setUp }))
}

function add(tx: SqliteTx, cents: number): void {
  tx.run('UPDATE accounts SET cents = cents + ?', cents)
}

async function centsOf(store: Shop): Promise<number> {
  const rows = await store.transaction((tx) =>
    tx.all<{ cents: number }>('SELECT cents FROM accounts'),
  )
  return rows[0]!.cents
}

/** How the money is moved; each is run with a receiver that takes it, and one that refuses. */
type Way = (life: Life, here: Shop, there: Shop, refuses: boolean) => ReturnType<typeof makeOf>

function makeOf(life: Life, store: Shop) {
  return createHufu({ ...life.options, service: 'bank', store })
}

async function crash(way: Way, refuses: boolean): Promise<CrashReport> {
  return crashEverywhere(
    async (life) => {
      const [here, there] = [open(life, 'here'), open(life, 'there')]
      await there.open(life.os)
      const hufu = way(life, here, there, refuses)
      await hufu.start()
      const moved = handles.get(hufu)!
      return { hufu, here, there, begin: () => moved() }
    },
    {
      invariant: async ({ here, there }) => {
        const cents = [await centsOf(here), await centsOf(there)]
        assert.deepEqual(cents, refuses ? [100, 100] : [70, 130])
      },
      again: true,
    },
  )
}

/** Begins the transfer of a service. */
const handles = new WeakMap<object, () => Promise<unknown>>()

const right: Way = (life, here, there, refuses) => {
  const hufu = makeOf(life, here)
  const transfer = hufu.saga('transfer', transferSchema, (saga) =>
    saga
      .step('out', {
        do: (tx, { cents }) => add(tx, -cents),
        undo: (tx, { cents }) => add(tx, cents),
      })
      .pivot('in', {
        do: doIn(there, (tx, { cents }: Transfer) => {
          if (refuses) throw fail('CLOSED')
          add(tx, cents)
        }),
      }),
  )
  handles.set(hufu, () => transfer.begin({ cents: 30 }, { id: 't1' }))
  return hufu
}

/** The effect has a transaction of its own, so the barrier does not know of it. */
const outside: Way = (life, here, there, refuses) => {
  const hufu = makeOf(life, here)
  const transfer = hufu.saga('transfer', transferSchema, (saga) =>
    saga
      .step('out', {
        do: (tx, { cents }) => add(tx, -cents),
        undo: (tx, { cents }) => add(tx, cents),
      })
      .pivot('in', {
        do: life.participant({
          kind: 'careless',
          call: async ({ input }) => {
            if (refuses) throw fail('CLOSED')
            await there.transaction((tx) => add(tx, (input as Transfer).cents))
          },
        }),
      }),
  )
  handles.set(hufu, () => transfer.begin({ cents: 30 }, { id: 't1' }))
  return hufu
}

/** The undoing takes for granted that the money had gone. */
const trusting: Way = (life, here, there, refuses) => {
  const hufu = makeOf(life, here)
  const done = doIn(there, (tx, { cents }: Transfer) => {
    if (refuses) throw fail('CLOSED')
    add(tx, cents)
  })
  const transfer = hufu.saga('transfer', transferSchema, (saga) =>
    saga
      .step('out', {
        do: life.participant({
          kind: 'careless',
          call: ({ input }) => here.transaction((tx) => add(tx, -(input as Transfer).cents)),
        }),
        undo: life.participant({
          kind: 'careless',
          call: ({ input }) => here.transaction((tx) => add(tx, (input as Transfer).cents)),
        }),
        retry: { max: 1 },
      })
      .step('in', { do: done, undo: endIn(there, (tx, { cents }: Transfer) => add(tx, -cents)) }),
  )
  handles.set(hufu, () => transfer.begin({ cents: 30 }, { id: 't1' }))
  return hufu
}

test('a right saga holds wherever its process dies, undone or not', async () => {
  for (const refuses of [false, true]) {
    const report = await crash(right, refuses)
    assert.equal(report.text, '')
    assert.ok(report.effects.length >= 5, report.effects.join('\n'))
    assert.ok(report.crashes >= 2 * report.effects.length, String(report.crashes))
    assert.ok(report.effects.some((effect) => effect.includes('t1/in/action')))
  }
})

test('an effect outside of the barrier’s transaction is found, by name', async () => {
  const report = await crash(outside, false)
  assert.match(report.text, /^Crash after effect \d+ \(commit of sqlite there.db\): /m)
  assert.match(report.text, /^Crash after effect \d+ \(call of in\/action of t1\): /m)
})

test('an undoing that takes its action for granted is found', async () => {
  const report = await crash(trusting, true)
  assert.match(report.text, /^Crash before effect \d+ \(call of out\/action of t1\): /m)
})

test('what fails without a crash is said, and nothing else is tried', async () => {
  const report = await crashEverywhere(
    async (life) => {
      const here = open(life, 'here')
      const hufu = right(life, here, here, false)
      await hufu.start()
      return { hufu, begin: handles.get(hufu)! }
    },
    {
      invariant: () => {
        throw new Error('never content')
      },
    },
  )
  assert.deepEqual([report.text, report.crashes], ['Without a crash: never content', 0])
})

test('what does not end in time is a failure', async () => {
  const report = await crashEverywhere(
    async (life) => {
      const hufu = makeOf(life, open(life, 'here'))
      const stuck = hufu.saga('stuck', transferSchema, (saga) =>
        saga.retry('never', { do: () => Promise.reject(new Error('no')) }),
      )
      await hufu.start()
      return { hufu, begin: () => stuck.begin({ cents: 1 }, { id: 's1' }) }
    },
    { invariant: () => undefined, within: 200 },
  )
  assert.match(report.text, /Not all has ended after 200 ms: 1 running/)
})
