// A stock service in Express does branches of other services' transactions, each once.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { createHufu, Failure, fail } from 'hufu'
import { http, participantHandler, toNode } from 'hufu/http'
import { sqlite } from 'hufu/stores/sqlite'
import { embedded } from 'hufu/transports/embedded'

type Line = { sku: string; count: number }
type Reserved = { reserved: number }

const store = sqlite('stock.db', {
  setUp: (db) => {
    db.exec('CREATE TABLE IF NOT EXISTS stock (sku TEXT PRIMARY KEY, count INTEGER)')
    db.exec("INSERT OR IGNORE INTO stock VALUES ('apple', 5)")
  },
})
const hufu = createHufu({ service: 'stock', store, transport: embedded('broker') })
await hufu.start() // opens the store

const TAKE = 'UPDATE stock SET count = count - ?1 WHERE sku = ?2 AND count >= ?1'
const handler = participantHandler(store, {
  stock: {
    action(tx, { sku, count }: Line): Reserved {
      if (tx.run(TAKE, count, sku).changes === 0) throw fail('NO_STOCK', `no ${count} left`)
      return { reserved: count }
    },
    compensate(tx, { sku }: Line, { reserved }: Reserved) {
      tx.run('UPDATE stock SET count = count + ? WHERE sku = ?', reserved, sku)
    },
  },
})
const server = express().use('/participants', toNode(handler)).listen(0, '127.0.0.1')
await once(server, 'listening')

// In the service that coordinates: the same as a function in its own process.
const { port } = server.address() as AddressInfo
const stock = http<Line, Reserved>(`http://127.0.0.1:${port}/participants/stock`)
const call = (id: string, op: 'action' | 'compensate', count: number) => {
  const branch = { id, kind: 'saga', name: 'order', branch: 'reserve', op, attempt: 1 } as const
  const known = { result: undefined, results: {}, headers: {}, signal: AbortSignal.timeout(5_000) }
  return stock.call({ ...branch, ...known, input: { sku: 'apple', count } })
}
console.log('reserve', await call('o1', 'action', 2))
console.log('the answer was lost: again', await call('o1', 'action', 2))
await call('o2', 'action', 9).catch((error) => {
  console.log('refused:', error instanceof Failure && error.code)
})
await call('o1', 'compensate', 2)
const row = await store.transaction((tx) => tx.get('SELECT count FROM stock'))
console.log('left after the undoing:', row?.count)
server.close()
await hufu.stop()

// Output:
// reserve { reserved: 2 }
// the answer was lost: again { reserved: 2 }
// refused: NO_STOCK
// left after the undoing: 5
