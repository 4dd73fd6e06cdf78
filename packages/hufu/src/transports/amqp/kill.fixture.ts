import { createHufu } from '../../hufu.ts'
import { sqlite } from '../../stores/sqlite/index.ts'
import { effect, orderSchema } from '../../world.fixture.ts'
import { amqp } from './amqp.ts'

/**
 * A process to be killed: `node kill.fixture.ts URL PREFIX FOLDER ORDERS ROLE`. ROLE:
 * `shop` goes on placing orders where the one before was killed, and ends by itself when every
 * order is placed and answered by all; every tenth order fails at first;
 * `consumers` consumes until it is killed;
 * `all` does both;
 * `poison` as well, with one group, and order 3 kills the process.
 */
const [url = '', prefix = '', dir = '', orders = '', role = ''] = process.argv.slice(2)
const poison = role === 'poison' ? '3' : ''
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

async function startShop() {
  const shop = service('orders')
  const Placed = shop.event('order.placed', orderSchema, GROUPS)
  for (const group of GROUPS.groups) {
    Placed.onReceipt(group, (tx, receipt, order) => effect(tx, order.sku, receipt.group))
  }
  await shop.start()
  const place = (id: string) =>
    shop.store.transaction(async (tx) => {
      const known = tx.get("SELECT 1 FROM effects WHERE id = ? AND value = 'order'", id)
      if (known) return
      effect(tx, id, 'order')
      const order = { sku: id, cents: 100 }
      await Placed.publish(tx, order, { id, key: `k${Number(id) % KEYS}` })
    })
  const open = () => Placed.unreceipted()
  return { place, open, stop: () => shop.stop() }
}

async function startConsumer(group: 'points' | 'sms') {
  const consumer = service(group)
  const Placed = consumer.event('order.placed', orderSchema, GROUPS)
  const retry = { backoff: ['5ms', '50ms'], max: poison ? 2 : 99 } as const
  Placed.consume(
    group,
    (tx, _order, { id, key, attempt }) => {
      if (id === poison) process.kill(process.pid, 'SIGKILL')
      if (id.endsWith('7') && attempt === 1) throw new Error('not at once')
      effect(tx, id, key)
    },
    { order: 'by-key', timeout: '500ms', retry },
  )
  await consumer.start()
  return consumer
}

const shop = role === 'consumers' ? undefined : await startShop()
// The order that kills has no other service beside it in its process.
const alive = {
  shop: [],
  poison: ['points'],
  all: GROUPS.groups,
  consumers: GROUPS.groups,
} as const
const consumers: Awaited<ReturnType<typeof startConsumer>>[] = []
for (const group of alive[role as keyof typeof alive]) consumers.push(await startConsumer(group))
process.stdout.write('ready\n')

/** Every order is answered; the one that kills is parked, and nobody answers for `sms`. */
async function isDone(): Promise<boolean> {
  const open = await shop!.open()
  if (poison === '') return open.length === 0
  const waiting = open.filter(({ id, missing }) => id !== poison && missing.includes('points'))
  return waiting.length === 0 && (await consumers[0]!.stats()).parked > 0
}

if (shop) {
  for (let n = 0; n < Number(orders); n += 10) {
    await Promise.all([...Array(10).keys()].map((m) => shop.place(String(n + m))))
  }
  while (!(await isDone())) await new Promise((resolve) => setTimeout(resolve, 20))
  process.stdout.write('finished\n')
  for (const each of [...consumers, shop]) await each.stop()
}
