// Services react to each other's events; a flow watches them, and reports the step that never came.
import { createHufu } from 'hufu'
import { sqlite } from 'hufu/stores/sqlite'
import { embedded } from 'hufu/transports/embedded'
import { z } from 'zod'

const transport = embedded('broker')
const Order = z.object({ id: z.string(), address: z.string() })
type Order = z.infer<typeof Order>
const late = Promise.withResolvers<void>()

// Orders, payments and parcels; here one service, else each in its own, with the same events.
const store = sqlite('shop.db', {
  setUp: (db) => db.exec('CREATE TABLE IF NOT EXISTS parcels (id TEXT, address TEXT)'),
})
const hufu = createHufu({
  ...{ service: 'shop', store, transport },
  onAlert({ key, cause, detail }) {
    console.log('alert:', key, cause, '-', detail)
    late.resolve()
  },
})
const Placed = hufu.event('order.placed', Order, { groups: ['payment', 'flow.delivery'] })
const Paid = hufu.event('order.paid', Order, { groups: ['parcels', 'flow.delivery'] })
const Shipped = hufu.event('order.shipped', Order, { groups: ['flow.delivery'] })
const withId = ({ id }: Order) => ({ id, key: id }) // the key ties the events together

Placed.consume('payment', async (tx, order) => {
  await Paid.publish(tx, order, withId(order))
})
Paid.consume('parcels', async (tx, order) => {
  if (order.address === '') return // forgotten: nobody is told
  tx.run('INSERT INTO parcels VALUES (?, ?)', order.id, order.address)
  await Shipped.publish(tx, order, withId(order))
})

const delivery = hufu.flow('delivery', [Placed, Paid, Shipped], { within: '4s' })

await hufu.start()
for (const order of [
  { id: 'o1', address: 'Hill 1' },
  { id: 'o2', address: '' },
]) {
  await store.transaction((tx) => Placed.publish(tx, order, withId(order)))
}
await late.promise
for (const key of ['o1', 'o2']) {
  const found = await delivery.explain(key)
  console.log(key, found?.status)
  for (const { branch, state } of found?.explanation?.branches ?? [])
    console.log(' ', branch, state)
}
const [overdue] = await delivery.overdue()
const order = { id: String(overdue?.key), address: 'Hill 2' }
await store.transaction((tx) => Shipped.publish(tx, order, withId(order)))
while ((await delivery.explain('o2'))?.status !== 'committed') await new Promise(setImmediate)
console.log('o2 came late, and is complete')
await hufu.stop()

// Output:
// alert: o2 STEP_MISSING - order.shipped did not come within 4000 ms
// o1 committed
//   order.placed done
//   order.paid done
//   order.shipped done
// o2 parked
//   order.placed done
//   order.paid done
//   order.shipped waiting
// o2 came late, and is complete
