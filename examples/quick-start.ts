import { randomUUID } from 'node:crypto'
import { createHufu } from 'hufu'
import { sqlite } from 'hufu/stores/sqlite'
import { embedded } from 'hufu/transports/embedded'
import { z } from 'zod'

const store = sqlite('shop.db', {
  setUp: (db) => {
    db.exec('CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, cents INTEGER)')
    db.exec('CREATE TABLE IF NOT EXISTS points (user TEXT, points INTEGER)')
  },
})
const hufu = createHufu({ service: 'shop', store, transport: embedded('broker') })
const Order = z.object({ userId: z.string(), cents: z.int() })
const OrderPlaced = hufu.event('order.placed', Order, { groups: ['points'] })
const answered = Promise.withResolvers<void>()

OrderPlaced.consume('points', (tx, order) => {
  tx.run('INSERT INTO points VALUES (?, ?)', order.userId, Math.floor(order.cents / 100))
})
OrderPlaced.onReceipt('points', (_tx, receipt, order) => {
  console.log(`points for ${order.userId}: ${receipt.outcome}`)
  answered.resolve()
})

await hufu.start()
const id = randomUUID() // of the order: the same id again is the same order
await store.transaction(async (tx) => {
  tx.run('INSERT INTO orders VALUES (?, ?)', id, 1999)
  await OrderPlaced.publish(tx, { userId: 'u1', cents: 1999 }, { id, key: 'u1' })
})
await answered.promise
await hufu.stop()

// Output:
// points for u1: done
