// The broker holds the message before the order is written, and shows it once the order is there.
import { createHufu } from 'hufu'
import { sqlite } from 'hufu/stores/sqlite'
import { embedded } from 'hufu/transports/embedded'
import { z } from 'zod'

const transport = embedded('broker')
const store = sqlite('orders.db', {
  setUp: (db) => db.exec('CREATE TABLE orders (id TEXT PRIMARY KEY)'),
})
const orders = createHufu({ service: 'orders', store, transport, onWarning: console.log })
const Order = z.object({ id: z.string(), stock: z.number() })
const OrderPlaced = orders.event('order.placed', Order, { groups: ['points'] })
let seen = Promise.withResolvers<void>()
OrderPlaced.consume('points', (_tx, order) => {
  console.log('points for', order.id)
  seen.resolve()
})
await orders.start()

// Half message, then this transaction, then the second word. A throw rolls both back.
const check = { first: '1s' } as const // default 6 s: when the broker asks for a second word
function place(order: z.infer<typeof Order>) {
  return OrderPlaced.transactional(order, { id: order.id, check }, (tx) => {
    if (order.stock === 0) throw new Error('out of stock')
    tx.run('INSERT INTO orders VALUES (?)', order.id)
  })
}

await place({ id: 'o1', stock: 5 })
await seen.promise
await place({ id: 'o2', stock: 0 }).catch((error) => console.log('o2:', error.message))
console.log('o1 again:', await place({ id: 'o1', stock: 5 }))

// The second word is lost on its way: the broker asks, and the library answers from the database.
seen = Promise.withResolvers()
const { decide } = transport.prepared
transport.prepared.decide = () => Promise.reject(new Error('connection lost'))
await place({ id: 'o3', stock: 5 })
transport.prepared.decide = decide
console.log('undecided:', transport.broker?.prepared().length)
await seen.promise
console.log('undecided:', transport.broker?.prepared().length)
await orders.stop()

// Output:
// points for o1
// o2: out of stock
// o1 again: { repeated: true }
// Deciding orders order.placed o3: connection lost; the broker will ask
// undecided: 1
// points for o3
// undecided: 0
