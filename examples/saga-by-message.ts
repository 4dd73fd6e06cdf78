// The stock is another service, asked by message: it may be away when the saga begins.
import { createHufu, fail } from 'hufu'
import { sqlite } from 'hufu/stores/sqlite'
import { embedded } from 'hufu/transports/embedded'
import { z } from 'zod'

const transport = embedded('broker') // shared by both services of this process
const Order = z.object({ sku: z.string(), cents: z.int() })
const Line = z.object({ sku: z.string() })
const Reserved = z.object({ shelf: z.string() })

// The stock service.
const stockStore = sqlite('stock.db', {
  setUp: (db) =>
    db.exec("CREATE TABLE IF NOT EXISTS stock AS SELECT 'tea' AS sku, 'A7' AS shelf, 2 AS count"),
})
const stock = createHufu({ service: 'stock', store: stockStore, transport })
stock.command('stock.reserve', { input: Line, output: Reserved }).handle((tx, { sku }) => {
  const { changes } = tx.run('UPDATE stock SET count = count - 1 WHERE sku = ? AND count > 0', sku)
  if (changes === 0) throw fail('NO_STOCK', `no ${sku}`)
  return { shelf: String(tx.get('SELECT shelf FROM stock WHERE sku = ?', sku)?.shelf) }
})
stock.command('stock.release', { input: Line }).handle((tx, { sku }, { transaction }) => {
  console.log(`${transaction}: ${sku} goes back`)
  tx.run('UPDATE stock SET count = count + 1 WHERE sku = ?', sku)
})

// The shop: the same commands, as participants of its saga.
const shop = createHufu({ service: 'shop', store: sqlite('shop.db'), transport })
const reserve = shop.command('stock.reserve', { input: Line, output: Reserved })
const release = shop.command('stock.release', { input: Line })
const placeOrder = shop.saga('place-order', Order, (order) =>
  order.step('reserve', { do: reserve, undo: release }).pivot('charge', {
    do(_tx, { cents }, { results }) {
      if (cents > 1_000) throw fail('NO_MONEY')
      return `paid ${cents} for what is on shelf ${results.reserve.shelf}`
    },
  }),
)

await shop.start()
const early = await placeOrder.run({ sku: 'tea', cents: 500 }, { id: 'o1', wait: '200ms' })
console.log('o1', early.status, '- the stock service is not there yet')
await stock.start()
const o1 = await placeOrder.outcome('o1', { wait: '20s' })
console.log('o1', o1.status, o1.results.charge)
for (const [id, sku, cents] of [
  ['o2', 'tea', 5_000],
  ['o3', 'ink', 500],
] as const) {
  const { status, cause } = await placeOrder.run({ sku, cents }, { id })
  console.log(id, status, cause?.detail)
}
await Promise.all([shop.stop(), stock.stop()])

// Output:
// o1 running - the stock service is not there yet
// o1 committed paid 500 for what is on shelf A7
// o2: tea goes back
// o2 rolledBack NO_MONEY
// o3 rolledBack no ink
