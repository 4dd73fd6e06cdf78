import assert from 'node:assert/strict'
import { join } from 'node:path'
import { createHufu, doIn, fail } from 'hufu'
import { sqlite } from 'hufu/stores/sqlite'
import { crashEverywhere, type Life } from 'hufu/testing'
import { z } from 'zod'

const Transfer = z.object({ cents: z.int() })
const add = (cents: number) => ['UPDATE account SET cents = cents + ?', cents] as const

function bank(life: Life, name: string) {
  const setUp = (db: { exec(sql: string): void }) =>
    db.exec(`CREATE TABLE IF NOT EXISTS account (n INTEGER PRIMARY KEY, cents INTEGER);
      INSERT OR IGNORE INTO account VALUES (1, 100)`)
  return life.store(sqlite(join(life.dir, `${name}.db`), { setUp }))
}

// One process of the service, up to the point at which it has started.
async function start(life: Life, careful: boolean) {
  const [ours, theirs] = [bank(life, 'ours'), bank(life, 'theirs')]
  await theirs.open(life.os)
  const hufu = createHufu({ ...life.options, service: 'bank', store: ours })
  const pay = doIn(theirs, (tx, { cents }: { cents: number }) => {
    if (cents > 50) throw fail('LIMIT')
    tx.run(...add(cents))
  })
  const payCarelessly = life.participant({
    kind: 'careless', // no barrier: a repeated call pays again
    call: ({ input }) => theirs.transaction((tx) => void tx.run(...add(Object(input).cents))),
  })
  const transfer = hufu.saga('transfer', Transfer, (saga) =>
    saga
      .step('take', {
        do: (tx, { cents }) => void tx.run(...add(-cents)),
        undo: (tx, { cents }) => tx.run(...add(cents)),
      })
      .pivot('pay', { do: careful ? pay : payCarelessly }),
  )
  await hufu.start()
  return { hufu, ours, theirs, begin: () => transfer.begin({ cents: 30 }, { id: 't1' }) }
}

for (const careful of [true, false]) {
  const report = await crashEverywhere((life) => start(life, careful), {
    again: true, // whoever got no answer asks again, under the same id
    invariant: async ({ ours, theirs }) => {
      const cents = (store: typeof ours) =>
        store.transaction((tx) => tx.all<{ cents: number }>('SELECT cents FROM account')[0]?.cents)
      assert.deepEqual([await cents(ours), await cents(theirs)], [70, 130])
    },
  })
  console.log(careful ? 'careful:' : 'careless:', report.failures.length, 'failures')
  for (const { when, effect } of report.failures) console.log(`  crash ${when} ${effect}`)
}

// Output:
// careful: 0 failures
// careless: 3 failures
//   crash after call of pay/action of t1
//   crash after commit of sqlite theirs.db
//   crash before commit of sqlite ours.db: transactions.save t1
