import { fail } from 'hufu'
import type { ServiceOptions } from './service.ts'
import { makeService, RETRY } from './service.ts'

/** No unique constraint: it would hide from the checker that something was done twice. */
const TABLES = `CREATE TABLE IF NOT EXISTS redemptions (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, coupon_id TEXT NOT NULL, order_id TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS redemptions_coupon ON redemptions (coupon_id);
CREATE INDEX IF NOT EXISTS redemptions_order ON redemptions (order_id)`

const USED = 'SELECT order_id AS orderId FROM redemptions WHERE coupon_id = ? AND order_id <> ?'

/** Marks coupons as used; a coupon that another order has used is a business failure. */
export function couponService(options: ServiceOptions) {
  const { hufu, OrderPlaced } = makeService('coupon', TABLES, options)

  const consumer = OrderPlaced.consume(
    'coupon',
    (tx, { id, couponId }) => {
      if (couponId === null) return { used: false }
      const other = tx.get<{ orderId: string }>(USED, couponId, id)
      if (other) throw fail('COUPON_USED', `the order ${other.orderId} has used it`)
      tx.run('INSERT INTO redemptions (coupon_id, order_id) VALUES (?, ?)', couponId, id)
      return { used: true }
    },
    { order: 'by-key', retry: RETRY },
  )
  return { hufu, consumer }
}
