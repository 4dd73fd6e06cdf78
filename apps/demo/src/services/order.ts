import type { SqliteTx } from 'hufu/stores/sqlite'
import type { Order } from '../input/order.ts'
import type { ServiceOptions } from './service.ts'
import { makeService } from './service.ts'

/** `seq` rises in commit order: on SQLite one transaction writes at a time. */
const TABLES = `CREATE TABLE IF NOT EXISTS orders (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, user_id TEXT NOT NULL,
  sku TEXT NOT NULL, cents INTEGER NOT NULL, coupon_id TEXT, coupon_state TEXT NOT NULL,
  line INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS intake (
  only INTEGER PRIMARY KEY CHECK (only = 1), line INTEGER NOT NULL, end INTEGER NOT NULL,
  placed INTEGER NOT NULL, repeated INTEGER NOT NULL, rejected INTEGER NOT NULL);
INSERT OR IGNORE INTO intake VALUES (1, 0, 0, 0, 0, 0);
CREATE TABLE IF NOT EXISTS ahead (
  line INTEGER PRIMARY KEY, before INTEGER NOT NULL UNIQUE, end INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS rejections (line INTEGER PRIMARY KEY, reason TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS asked (version INTEGER PRIMARY KEY, word TEXT NOT NULL)`

const INSERT = `INSERT INTO orders (id, user_id, sku, cents, coupon_id, coupon_state, line)
  VALUES (?, ?, ?, ?, ?, ?, ?)`

/** When the broker asks for a second word that did not come. Short, so that it shows. */
const CHECK = { first: '200ms', every: '200ms' } as const

export type OrderService = ReturnType<typeof orderService>

/** Placed now, placed before, or refused because its id means another one. */
export type Placing = 'placed' | 'repeated' | 'other'

/** Places orders: the row and the message to the others commit together. */
export function orderService(options: ServiceOptions) {
  const { hufu, OrderPlaced } = makeService('order', TABLES, options)

  OrderPlaced.onReceipt('coupon', (tx, receipt, { id, couponId }) => {
    if (couponId === null) return
    const state = receipt.outcome === 'done' ? 'used' : 'refused'
    tx.run('UPDATE orders SET coupon_state = ? WHERE id = ?', state, id)
  })

  /** `line`: where in the input the order stands. */
  async function place(tx: SqliteTx, order: Order, line: number): Promise<Placing> {
    const known = earlier(tx, order)
    if (known) return known
    insert(tx, order, line)
    await OrderPlaced.publish(tx, order, { id: order.id, key: order.userId })
    return 'placed'
  }

  /**
   * As `place`, with a transactional message: the broker holds the half message before the row is
   * written, and shows it after. `note` runs in the transaction that says what became of the order.
   */
  async function placeTransactional(
    order: Order,
    line: number,
    note: (tx: SqliteTx, placing: Placing) => void,
  ): Promise<void> {
    const known = await hufu.store.transaction((tx) => {
      const placing = earlier(tx, order)
      if (placing) note(tx, placing)
      return placing
    })
    if (known) return
    const options = { id: order.id, key: order.userId, check: CHECK }
    await OrderPlaced.transactional(order, options, (tx) => {
      insert(tx, order, line)
      note(tx, 'placed')
    })
  }

  return { hufu, place, placeTransactional }
}

/** What an order is that was placed before; undefined when it was not. */
function earlier(tx: SqliteTx, order: Order): Placing | undefined {
  const row = tx.get('SELECT * FROM orders WHERE id = ?', order.id)
  if (row) return sameOrder(row, order) ? 'repeated' : 'other'
}

function insert(tx: SqliteTx, order: Order, line: number): void {
  const { id, userId, sku, cents, couponId } = order
  const couponState = couponId === null ? 'none' : 'pending'
  tx.run(INSERT, id, userId, sku, cents, couponId, couponState, line)
}

function sameOrder(row: Record<string, unknown>, order: Order): boolean {
  return (
    row.user_id === order.userId &&
    row.sku === order.sku &&
    row.cents === order.cents &&
    row.coupon_id === order.couponId
  )
}
