// Two services in processes of their own, and a server between them: `hufu serve`, or a RabbitMQ.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { createHufu } from 'hufu'
import { sqlite } from 'hufu/stores/sqlite'
import { amqp } from 'hufu/transports/amqp'
import { z } from 'zod'

const Order = z.object({ userId: z.string(), cents: z.int() })
const options = { groups: ['points'], receipts: { points: z.int() } } as const

// `node services-over-amqp.ts points URL`
async function points(url: string): Promise<void> {
  const hufu = createHufu({ service: 'points', store: sqlite('points.db'), transport: amqp(url) })
  const OrderPlaced = hufu.event('order.placed', Order, options)
  OrderPlaced.consume('points', (_tx, order) => Math.floor(order.cents / 100), { order: 'by-key' })
  await hufu.start()
  process.once('SIGTERM', () => hufu.stop())
}

/** The one that tells. */
async function orders(url: string): Promise<void> {
  const store = sqlite('orders.db')
  const hufu = createHufu({ service: 'orders', store, transport: amqp(url) })
  const OrderPlaced = hufu.event('order.placed', Order, options)
  const answered = Promise.withResolvers<void>()
  OrderPlaced.onReceipt('points', (_tx, receipt, order) => {
    if (receipt.outcome === 'done') console.log(`${order.userId} got ${receipt.result} points`)
    answered.resolve()
  })
  await hufu.start()
  const order = { userId: 'u1', cents: 1999 }
  await store.transaction((tx) => OrderPlaced.publish(tx, order, { id: randomUUID(), key: 'u1' }))
  await answered.promise
  await hufu.stop()
}

/** Outside this repository: `npx hufu serve …`, or the address of a RabbitMQ. */
async function serve(): Promise<{ url: string; server: ChildProcess }> {
  const program = new URL('../apps/server/bin/hufu.js', import.meta.url).pathname
  const args = 'serve --data data --amqp 127.0.0.1:0 --ready-file ready.json'.split(' ')
  const server = spawn(process.execPath, [program, ...args], { stdio: 'ignore' })
  const read = () => readFile('ready.json', 'utf8').catch(() => pause(50))
  let ready = await read()
  while (ready === undefined) ready = await read()
  return { url: `amqp://${JSON.parse(ready).amqp[0]}`, server }
}

if (process.argv[2] === 'points') await points(process.argv[3]!)
else {
  const { url, server } = await serve()
  const other = spawn(process.execPath, [import.meta.filename, 'points', url], { stdio: 'inherit' })
  await orders(url)
  for (const child of [other, server]) if (child.kill()) await once(child, 'exit')
}

// Output:
// u1 got 19 points
