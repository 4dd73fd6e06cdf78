// An order reserves stock and redeems a coupon, charges, ships; where that fails, it is all undone.
import { createHufu, fail } from 'hufu'
import { sqlite } from 'hufu/stores/sqlite'
import { embedded } from 'hufu/transports/embedded'
import { z } from 'zod'

const store = sqlite('shop.db', {
  setUp(db) {
    db.exec('CREATE TABLE IF NOT EXISTS stock AS SELECT 5 AS count')
    db.exec("CREATE TABLE IF NOT EXISTS coupons AS SELECT 'spring' AS code, 0 AS used")
    db.exec('CREATE TABLE IF NOT EXISTS wallets AS SELECT 5000 AS cents')
    db.exec('CREATE TABLE IF NOT EXISTS parcels (order_id TEXT, shelf TEXT)')
  },
})
const hufu = createHufu({ service: 'shop', store, transport: embedded('broker') })
const Order = z.object({ count: z.int(), cents: z.int(), coupon: z.string() })

const placeOrder = hufu.saga('place-order', Order, (order) =>
  order
    .step('reserve', {
      do(tx, { count }) {
        const { changes } = tx.run('UPDATE stock SET count = count - ?1 WHERE count >= ?1', count)
        if (changes === 0) throw fail('NO_STOCK')
        return { shelf: 'A7', count }
      },
      undo: (tx, _order, { count }) => tx.run('UPDATE stock SET count = count + ?', count),
    })
    .step('coupon', {
      do(tx, { coupon }) {
        const found = tx.run('UPDATE coupons SET used = used + 1 WHERE code = ?', coupon)
        if (found.changes === 0) throw fail('NO_SUCH_COUPON')
      },
      undo: (tx, { coupon }) => tx.run('UPDATE coupons SET used = used - 1 WHERE code = ?', coupon),
    })
    .pivot('charge', {
      do(tx, { cents }) {
        const paid = tx.run('UPDATE wallets SET cents = cents - ?1 WHERE cents >= ?1', cents)
        if (paid.changes === 0) throw fail('NO_MONEY')
      },
    })
    .retry('ship', {
      do(tx, _order, { id, results }) {
        tx.run('INSERT INTO parcels VALUES (?, ?)', id, results.reserve.shelf)
        return `parcel of ${id}`
      },
    }),
)

await hufu.start()
const order = { count: 2, cents: 3_000, coupon: 'spring' }
for (const [id, count] of Object.entries({ o1: 2, o2: 2, o3: 9 })) {
  const { status, results, cause } = await placeOrder.run({ ...order, count }, { id })
  console.log(id, status, cause ? `${cause.branch}: ${cause.code}` : results.ship)
}
const sql = 'SELECT stock.count, used, cents FROM stock, coupons, wallets'
console.log(await store.transaction((tx) => ({ ...tx.get(sql) })))
await hufu.stop()

// Output:
// o1 committed parcel of o1
// o2 rolledBack charge: NO_MONEY
// o3 rolledBack reserve: NO_STOCK
// { count: 3, used: 1, cents: 2000 }
