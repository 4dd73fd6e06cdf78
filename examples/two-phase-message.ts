// The payment is booked, and then points and invoice follow for certain: calls, not an event.
import { createHufu, doIn } from 'hufu'
import { sqlite } from 'hufu/stores/sqlite'
import { embedded } from 'hufu/transports/embedded'
import { z } from 'zod'

const transport = embedded('broker')
const Payment = z.object({ user: z.string(), cents: z.int() })
type Payment = z.infer<typeof Payment>

// The points, with a database of their own.
const pointsStore = sqlite('points.db', {
  setUp: (db) => db.exec('CREATE TABLE IF NOT EXISTS points (user TEXT, points INTEGER)'),
})
const points = createHufu({ service: 'points', store: pointsStore, transport })

const store = sqlite('payments.db', {
  setUp(db) {
    db.exec('CREATE TABLE IF NOT EXISTS payments (id TEXT PRIMARY KEY, cents INTEGER)')
    db.exec('CREATE TABLE IF NOT EXISTS invoices (id TEXT PRIMARY KEY, text TEXT)')
  },
})
const hufu = createHufu({ service: 'payments', store, transport })
const paid = hufu.message('paid', Payment, (message) =>
  message
    .to('points', {
      do: doIn(pointsStore, (tx, { user, cents }: Payment) => {
        tx.run('INSERT INTO points VALUES (?, ?)', user, Math.floor(cents / 100))
        return Math.floor(cents / 100)
      }),
    })
    .to('invoice', {
      do(tx, { cents }, { id, attempt, results }) {
        if (attempt === 1) throw new Error('the printer is off') // tried again
        tx.run('INSERT INTO invoices VALUES (?, ?)', id, `${cents}, ${results.points} points`)
      },
    }),
)

await Promise.all([points.start(), hufu.start()])
async function pay(id: string, cents: number) {
  const { sent, outcome } = await paid.send({ user: 'ann', cents }, { id, wait: '15s' }, (tx) => {
    if (cents > 5_000) throw new Error('too much')
    tx.run('INSERT INTO payments VALUES (?, ?)', id, cents)
    return `booked ${cents}`
  })
  console.log(id, sent.repeated ? 'was sent before' : sent.result, '-', outcome.status)
}
await pay('p1', 1_999)
await pay('p1', 1_999)
await pay('p2', 9_999).catch((error) => console.log('p2', error.message))
console.log('p2', (await paid.outcome('p2', { wait: '15s' })).status)
const [invoice] = await store.transaction((tx) => tx.all('SELECT * FROM invoices'))
console.log(invoice?.id, invoice?.text)
await Promise.all([hufu.stop(), points.stop()])

// Output:
// p1 booked 1999 - committed
// p1 was sent before - committed
// p2 too much
// p2 rolledBack
// p1 1999, 19 points
