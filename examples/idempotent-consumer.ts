// The same payment is published, delivered and tried again; the balance grows once.
import { createHufu, isHufuError } from 'hufu'
import { sqlite } from 'hufu/stores/sqlite'
import { embedded } from 'hufu/transports/embedded'
import { z } from 'zod'

const store = sqlite('wallet.db')
const hufu = createHufu({ service: 'wallet', store, transport: embedded('broker') })
const Payment = z.object({ user: z.string(), cents: z.int() })
const Paid = hufu.event('paid', Payment, { groups: ['balance'] })

let runs = 0
const answered = Promise.withResolvers<void>()
Paid.consume(
  'balance',
  (tx, { user, cents }) => {
    tx.run('UPDATE balances SET cents = cents + ? WHERE user = ?', cents, user)
    runs += 1
    if (runs < 3) throw new Error('the process is killed, the network is gone, …') // rolled back
  },
  { retry: { backoff: ['5ms', '10ms'] } },
)
Paid.onReceipt('balance', () => answered.resolve())

await hufu.start()
await store.transaction((tx) => {
  tx.run('CREATE TABLE balances (user TEXT PRIMARY KEY, cents INTEGER)')
  tx.run("INSERT INTO balances VALUES ('ann', 0)")
})
const payment = { user: 'ann', cents: 500 }
for (let i = 0; i < 2; i++) {
  const { repeated } = await store.transaction((tx) => Paid.publish(tx, payment, { id: 'p1' }))
  console.log('published', repeated ? 'again: no effect' : '')
}
await answered.promise

const other = { user: 'ann', cents: 900 }
await store
  .transaction((tx) => Paid.publish(tx, other, { id: 'p1' }))
  .catch((error) => console.log('another payment, same id:', isHufuError(error) && error.code))
console.log('the handler ran', runs, 'times')
const row = await store.transaction((tx) => tx.get('SELECT cents FROM balances'))
console.log('cents:', row?.cents)
await hufu.stop()

// Output:
// published
// published again: no effect
// another payment, same id: ID_REUSED
// the handler ran 3 times
// cents: 500
