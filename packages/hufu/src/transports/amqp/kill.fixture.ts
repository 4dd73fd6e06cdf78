import { createHufu } from '../../hufu.ts'
import { sqlite } from '../../stores/sqlite/index.ts'
import { effect, orderSchema } from '../../world.fixture.ts'
import { amqp } from './amqp.ts'

/**
 * A process to be killed: `node kill.fixture.ts URL PREFIX FOLDER ORDERS POISON`. It goes on
 * placing orders where the one before was killed, and ends by itself when every order is placed and
 * answered by all. Every tenth fails at first; the order POISON kills the process.
 */
const [url = '', prefix = '', dir = '', orders = '', poison = ''] = process.argv.slice(2)
const KEYS = 7
const GROUPS = { groups: ['points', 'sms'], receiptTimeout: '2s' } as const
const transport = amqp({ url, prefix })

function service(name: string) {
  const store = sqlite(`${dir}/${name}.db`, {
    setUp: (db) =>
      db.exec('CREATE TABLE IF NOT EXISTS effects (n INTEGER PRIMARY KEY, id TEXT, value TEXT)'),
  })
  return createHufu({ service: name, store, transport, onWarning: () => {}, onAlert: () => {} })
}

const shop = service('orders')
const Placed = shop.event('order.placed', orderSchema, GROUPS)
for (const group of GROUPS.groups) {
  Placed.onReceipt(group, (tx, receipt, order) => effect(tx, order.sku, receipt.group))
}
await shop.start()
// The order that kills has no other service beside it in its process.
const alive = poison === '' ? GROUPS.groups : ['points' as const]
const consumers = alive.map((group) => {
  const consumer = service(group)
  const Seen = consumer.event('order.placed', orderSchema, GROUPS)
  Seen.consume(
    group,
    (tx, _order, { id, key, attempt }) => {
      if (id === poison && group === 'points') process.kill(process.pid, 'SIGKILL')
      if (id.endsWith('7') && attempt === 1) throw new Error('not at once')
      effect(tx, id, key)
    },
    {
      order: 'by-key',
      timeout: '500ms',
      retry: { backoff: ['5ms', '50ms'], max: poison ? 2 : 99 },
    },
  )
  return consumer
})
for (const consumer of consumers) await consumer.start()
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
const open = async () =>
  (await Placed.unreceipted()).filter(({ id, missing }) => {
    return poison === '' || (id !== poison && missing.includes('points'))
  })
const isParked = async () => (await consumers[0]!.stats()).parked > 0
while ((await open()).length > 0 || (poison !== '' && !(await isParked()))) {
  await new Promise((resolve) => setTimeout(resolve, 20))
}
process.stdout.write('finished\n')
for (const each of [...consumers, shop]) await each.stop()
