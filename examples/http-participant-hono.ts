// A saga of the shop reserves stock in another service, which runs in Hono.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { createHufu, fail } from 'hufu'
import { http, participantHandler } from 'hufu/http'
import { sqlite } from 'hufu/stores/sqlite'
import { embedded } from 'hufu/transports/embedded'
import { z } from 'zod'

const Order = z.object({ count: z.int() })
type Order = z.infer<typeof Order>
type Reserved = { reserved: number }
const transport = embedded('broker')

// The stock service.
const stockStore = sqlite('stock.db', {
  setUp: (db) => db.exec('CREATE TABLE IF NOT EXISTS stock AS SELECT 5 AS count'),
})
const stockService = createHufu({ service: 'stock', store: stockStore, transport })
const handler = participantHandler(stockStore, {
  stock: {
    action(tx, { count }: Order): Reserved {
      const { changes } = tx.run('UPDATE stock SET count = count - ?1 WHERE count >= ?1', count)
      if (changes === 0) throw fail('NO_STOCK')
      return { reserved: count }
    },
    compensate(tx, _order, { reserved }: Reserved) {
      tx.run('UPDATE stock SET count = count + ?', reserved)
    },
  },
})
const app = new Hono().post('/participants/*', (c) => handler(c.req.raw))
const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' })
await once(server, 'listening')
const { port } = server.address() as AddressInfo

// The shop. The address of the stock service would be in its configuration.
const stock = http<Order, Reserved>(`http://127.0.0.1:${port}/participants/stock`)
const hufu = createHufu({ service: 'shop', store: sqlite('shop.db'), transport })
const placeOrder = hufu.saga('place-order', Order, (order) =>
  order.step('reserve', { do: stock, undo: stock }).pivot('charge', { do: charge }),
)
function charge(_tx: unknown, { count }: Order) {
  if (count > 2) throw fail('NO_MONEY')
}

await Promise.all([stockService.start(), hufu.start()])
for (const [id, count] of Object.entries({ o1: 2, o2: 3, o3: 9 })) {
  const { status, results, cause } = await placeOrder.run({ count }, { id })
  console.log(id, status, cause?.code ?? results.reserve)
}
const row = await stockStore.transaction((tx) => tx.get('SELECT count FROM stock'))
console.log('in stock:', row?.count)
server.close()
await Promise.all([hufu.stop(), stockService.stop()])

// Output:
// o1 committed { reserved: 2 }
// o2 rolledBack NO_MONEY
// o3 rolledBack NO_STOCK
// in stock: 3
