import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { TestContext } from 'node:test'
import { embedded } from 'hufu/transports/embedded'
import type { Order } from '../input/order.ts'
import { pointsOf } from '../input/order.ts'
import { spool } from '../input/spool.ts'
import { couponService } from '../services/coupon.ts'
import type { ServiceName } from '../services/databases.ts'
import { brokerPath, databasePath } from '../services/databases.ts'
import { orderService } from '../services/order.ts'
import { pointsService } from '../services/points.ts'
import { smsService } from '../services/sms.ts'

/** Two users; the second one uses a coupon twice, and is refused. */
const ORDERS: readonly Order[] = [
  { id: 'o1', userId: 'u1', sku: 'tea', cents: 1_000, couponId: null },
  { id: 'o2', userId: 'u1', sku: 'tea', cents: 2_050, couponId: null },
  { id: 'o3', userId: 'u1', sku: 'ink', cents: 99, couponId: null },
  { id: 'o4', userId: 'u2', sku: 'fan', cents: 700, couponId: 'c1' },
  { id: 'o5', userId: 'u2', sku: 'fan', cents: 800, couponId: 'c1' },
]

/** The folder of a finished, consistent run, made by hand; `sql` changes one of its databases. */
export interface Shop {
  readonly dir: string
  sql(service: ServiceName, text: string): void
}

export async function finishedShop(t: TestContext): Promise<Shop> {
  const dir = await mkdtemp(join(tmpdir(), 'hufu-check-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  await makeTables(dir)
  const again = { ...ORDERS[0], couponId: undefined }
  const lines = [...ORDERS, again, { ...ORDERS[0], cents: 1 }].map((line) => JSON.stringify(line))
  const input = Buffer.from([...lines, '{"id":', ''].join('\n'))
  await spool([input], dir, { lines: 0, complete: false })
  const sql = (service: ServiceName, text: string) => {
    const db = new DatabaseSync(databasePath(dir, service))
    try {
      db.exec(text)
    } finally {
      db.close()
    }
  }
  sql(
    'order',
    `UPDATE intake SET line = 8, end = 0, placed = 5, repeated = 1, rejected = 2;
    INSERT INTO rejections VALUES (7, 'the id is taken'), (8, 'not valid JSON')`,
  )
  for (const [at, order] of ORDERS.entries()) addOrder(sql, order, at + 1)
  sql('points', 'INSERT INTO balances SELECT user_id, sum(points) FROM ledger GROUP BY user_id')
  return { dir, sql }
}

/** Every service once started and stopped: tables and the broker's folder are there, all empty. */
async function makeTables(dir: string): Promise<void> {
  const transport = embedded(brokerPath(dir))
  const services = [
    orderService({ dir, transport }),
    couponService({ dir, transport }),
    pointsService({ dir, transport }),
    smsService({ dir, transport, seed: 1, unreachable: new Set() }),
  ]
  for (const { hufu } of services) await hufu.start()
  for (const { hufu } of services) await hufu.stop()
}

function addOrder(sql: Shop['sql'], order: Order, seq: number): void {
  const { id, userId, sku, cents, couponId } = order
  const first = id === 'o4'
  const state = couponId === null ? 'none' : first ? 'used' : 'refused'
  const coupon = couponId === null ? 'NULL' : `'${couponId}'`
  sql(
    'order',
    `INSERT INTO orders VALUES
    (${seq}, '${id}', '${userId}', '${sku}', ${cents}, ${coupon}, '${state}', ${seq});
    INSERT INTO hufu_outbox (seq, event, id, key, groups, headers, body, delay_ms, receipts,
      missing, state, attempts, published_at, closed_at)
      VALUES (${seq}, 'order.placed', '${id}', '${userId}', '["coupon","points","sms"]', '{}',
      x'7b7d', 0, 1, 0, 2, 0, 1, 1);
    INSERT INTO hufu_receipts (seq, grp, outcome, body, at) VALUES
      (${seq}, 'coupon', 'done', '{}', 1), (${seq}, 'points', 'done', '{}', 1),
      (${seq}, 'sms', 'done', '{}', 1)`,
  )
  const points = pointsOf(cents)
  sql('points', `INSERT INTO ledger VALUES (${seq}, '${id}', '${userId}', ${points})`)
  sql('sms', `INSERT INTO sent VALUES (${seq}, '${id}', '${userId}', 'thank you')`)
  if (first) sql('coupon', `INSERT INTO redemptions VALUES (1, 'c1', '${id}')`)
}
