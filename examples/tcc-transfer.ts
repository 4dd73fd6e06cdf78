// Money from one bank to another, each with its own database: it is frozen first, then moved.
import { createHufu, doIn, endIn, fail } from 'hufu'
import { sqlite } from 'hufu/stores/sqlite'
import { embedded } from 'hufu/transports/embedded'
import { z } from 'zod'

const transport = embedded('broker')
const Transfer = z.object({ from: z.string(), to: z.string(), cents: z.int().positive() })
type Transfer = z.infer<typeof Transfer>

const bank = (name: string, account: string) =>
  sqlite(`${name}.db`, {
    setUp(db) {
      db.exec('CREATE TABLE IF NOT EXISTS accounts (name PRIMARY KEY, cents INT, frozen INT)')
      db.exec(`INSERT OR IGNORE INTO accounts VALUES ('${account}', 1000, 0)`)
    },
  })
const [north, south] = [bank('north', 'ann'), bank('south', 'bob')]
// The other bank's own service opens its database, and deletes old barrier rows.
const southService = createHufu({ service: 'south', store: south, transport })

const hufu = createHufu({ service: 'north', store: north, transport })
const FREEZE = 'UPDATE accounts SET cents = cents - ?1, frozen = frozen + ?1 WHERE name = ?2'
const transfer = hufu.tcc('transfer', Transfer, (begin) =>
  begin
    .branch('out', {
      try(tx, { from, cents }) {
        const { changes } = tx.run(`${FREEZE} AND cents >= ?1`, cents, from)
        if (changes === 0) throw fail('NO_MONEY')
      },
      confirm: (tx, { from, cents }) =>
        tx.run('UPDATE accounts SET frozen = frozen - ? WHERE name = ?', cents, from),
      cancel: (tx, { from, cents }) => tx.run(FREEZE, -cents, from),
    })
    .branch('in', {
      try: doIn(south, (tx, { to }: Transfer) => {
        const account = tx.get('SELECT 1 FROM accounts WHERE name = ?', to)
        if (account === undefined) throw fail('NO_ACCOUNT', `nobody is called ${to}`)
      }),
      confirm: endIn(south, (tx, { to, cents }: Transfer) =>
        tx.run('UPDATE accounts SET cents = cents + ? WHERE name = ?', cents, to),
      ),
      cancel: endIn(south, () => {}),
    }),
)

await Promise.all([southService.start(), hufu.start()])
for (const [id, to] of Object.entries({ t1: 'bob', t2: 'bob', t3: 'eve' })) {
  const cents = id === 't2' ? 600 : 500 // more than she has by then
  const { status, cause } = await transfer.run({ from: 'ann', to, cents }, { id, key: 'ann' })
  console.log(id, status, cause ? `${cause.branch}: ${cause.detail}` : '')
}
for (const store of [north, south]) {
  console.log(await store.transaction((tx) => ({ ...tx.get('SELECT * FROM accounts') })))
}
await Promise.all([hufu.stop(), southService.stop()])

// Output:
// t1 committed
// t2 rolledBack out: NO_MONEY
// t3 rolledBack in: nobody is called eve
// { name: 'ann', cents: 500, frozen: 0 }
// { name: 'bob', cents: 1500, frozen: 0 }
