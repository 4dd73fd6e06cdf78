// The order is placed; the coupon service refuses one of the coupons, and the order hears of it.
import { createHufu, fail } from 'hufu'
import { sqlite } from 'hufu/stores/sqlite'
import { embedded } from 'hufu/transports/embedded'
import { z } from 'zod'

const transport = embedded('broker') // shared by both services of this process
const Order = z.object({ id: z.string(), coupon: z.string() })
const groups = ['coupon'] as const

// The order service, with its own database.
const orderStore = sqlite('orders.db')
const orders = createHufu({ service: 'orders', store: orderStore, transport })
const OrderPlaced = orders.event('order.placed', Order, { groups })
let open = 2
const allAnswered = Promise.withResolvers<void>()
OrderPlaced.onReceipt('coupon', (tx, receipt, order) => {
  const state = receipt.outcome === 'done' ? 'complete' : `cancelled: ${receipt.code}`
  tx.run('UPDATE orders SET state = ? WHERE id = ?', state, order.id)
  if (--open === 0) allAnswered.resolve()
})

// The coupon service, with another one.
const couponStore = sqlite('coupons.db', {
  setUp(db) {
    db.exec('CREATE TABLE coupons (id TEXT PRIMARY KEY, used_by TEXT)')
    db.exec("INSERT INTO coupons (id) VALUES ('c1')")
  },
})
const coupons = createHufu({ service: 'coupons', store: couponStore, transport })
coupons.event('order.placed', Order, { groups }).consume('coupon', (tx, order) => {
  const used = tx.run('UPDATE coupons SET used_by = ? WHERE id = ?', order.id, order.coupon)
  if (used.changes === 0) throw fail('NO_SUCH_COUPON') // rolls back, tells the order service
})

await orders.start()
await coupons.start()
await orderStore.transaction(async (tx) => {
  tx.run('CREATE TABLE orders (id TEXT PRIMARY KEY, state TEXT)')
  for (const order of [
    { id: 'o1', coupon: 'c1' },
    { id: 'o2', coupon: 'c9' },
  ]) {
    tx.run("INSERT INTO orders VALUES (?, 'pending')", order.id)
    await OrderPlaced.publish(tx, order, { id: order.id })
  }
})
await allAnswered.promise
const rows = await orderStore.transaction((tx) => tx.all('SELECT * FROM orders ORDER BY id'))
for (const { id, state } of rows) console.log(id, state)
console.log('not answered yet:', (await OrderPlaced.unreceipted()).length)
await coupons.stop()
await orders.stop()

// Output:
// o1 complete
// o2 cancelled: NO_SUCH_COUPON
// not answered yet: 0
