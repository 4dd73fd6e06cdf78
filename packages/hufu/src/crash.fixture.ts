import { createHufu } from './hufu.ts'
import { sqlite } from './stores/sqlite/index.ts'
import { embedded } from './transports/embedded/index.ts'
import { effect, orderSchema } from './world.fixture.ts'

/**
 * A process to be killed: `node crash.fixture.ts FOLDER ORDERS`. It goes on placing orders where
 * the one before was killed, and ends by itself when every order is placed and answered by all.
 */
const [dir = '', orders = ''] = process.argv.slice(2)
const KEYS = 7
const GROUPS = { groups: ['points', 'sms'], receiptTimeout: '2s' } as const
const transport = embedded(`${dir}/broker`)

function service(name: string) {
  const store = sqlite(`${dir}/${name}.db`, {
    setUp: (db) =>
      db.exec('CREATE TABLE IF NOT EXISTS effects (n INTEGER PRIMARY KEY, id TEXT, value TEXT)'),
  })
  return createHufu({ service: name, store, transport, onWarning: () => {} })
}

const shop = service('orders')
const Placed = shop.event('order.placed', orderSchema, GROUPS)
for (const group of GROUPS.groups) {
  Placed.onReceipt(group, (tx, receipt, order) => effect(tx, order.sku, receipt.group))
}
await shop.start()
for (const group of GROUPS.groups) {
  const consumer = service(group)
  consumer
    .event('order.placed', orderSchema, GROUPS)
    .consume(group, (tx, _order, { id, key }) => effect(tx, id, key), {
      order: 'by-key',
      retry: { backoff: ['5ms', '50ms'], max: 100 },
    })
  await consumer.start()
}
process.stdout.write('ready\n')

const placed = (id: string) =>
  shop.store.transaction(async (tx) => {
    const known = tx.get("SELECT 1 FROM effects WHERE id = ? AND value = 'order'", id)
    if (known) return
    effect(tx, id, 'order')
    const order = { sku: id, cents: 100 }
    await Placed.publish(tx, order, { id, key: `k${Number(id) % KEYS}` })
  })

for (let n = 0; n < Number(orders); n += 10) {
  await Promise.all([...Array(10).keys()].map((m) => placed(String(n + m))))
}
while ((await Placed.unreceipted()).length > 0) {
  await new Promise((resolve) => setTimeout(resolve, 20))
}
process.stdout.write('finished\n')
process.exit(0)
