import type { DatabaseSync } from 'node:sqlite'
import type { StandardSchema } from 'hufu'
import type { SqliteTx } from 'hufu/stores/sqlite'

export interface Order {
  readonly id: string
  readonly userId: string
  readonly sku: string
  readonly cents: number
}

const USERS = 1_000
const PRODUCTS = 1_000

/** The order service's own tables, with users and products in them. */
export function shopTables(db: DatabaseSync): void {
  db.exec(`CREATE TABLE users (id TEXT PRIMARY KEY, name TEXT NOT NULL, tier INTEGER NOT NULL);
    CREATE TABLE products (sku TEXT PRIMARY KEY, name TEXT NOT NULL, cents INTEGER NOT NULL,
      stock INTEGER NOT NULL);
    CREATE TABLE orders (id TEXT PRIMARY KEY, user_id TEXT NOT NULL, sku TEXT NOT NULL,
      cents INTEGER NOT NULL, state TEXT NOT NULL, placed_at INTEGER NOT NULL);
    CREATE INDEX orders_by_user ON orders (user_id, placed_at);
    CREATE TABLE bookings (n INTEGER PRIMARY KEY, order_id TEXT NOT NULL, account TEXT NOT NULL,
      cents INTEGER NOT NULL)`)
  const user = db.prepare('INSERT INTO users VALUES (?, ?, ?)')
  for (let n = 0; n < USERS; n++) user.run(`u${n}`, `User ${n}`, n % 3)
  const product = db.prepare('INSERT INTO products VALUES (?, ?, ?, ?)')
  for (let n = 0; n < PRODUCTS; n++) product.run(`s${n}`, `Product ${n}`, 100 + n, 1_000_000_000)
}

export function pointsTables(db: DatabaseSync): void {
  db.exec('CREATE TABLE points (user_id TEXT PRIMARY KEY, points INTEGER NOT NULL)')
}

export function orderOf(n: number): Order {
  return {
    id: `o${n}`,
    userId: `u${(n * 7_919) % USERS}`,
    sku: `s${(n * 31) % PRODUCTS}`,
    cents: 0,
  }
}

/** The business transaction: two reads and three writes. */
export function placeOrder(tx: SqliteTx, { id, userId, sku }: Order): Order {
  const user = tx.get<{ tier: number }>('SELECT tier FROM users WHERE id = ?', userId)
  const product = tx.get<{ cents: number; stock: number }>(
    'SELECT cents, stock FROM products WHERE sku = ?',
    sku,
  )
  if (!user || !product || product.stock < 1) throw new Error(`order ${id} cannot be placed`)
  const cents = product.cents - user.tier
  tx.run(
    'INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?)',
    ...[id, userId, sku, cents, 'placed', Date.now()],
  )
  tx.run('UPDATE products SET stock = stock - 1 WHERE sku = ?', sku)
  tx.run('INSERT INTO bookings (order_id, account, cents) VALUES (?, ?, ?)', id, 'sales', cents)
  return { id, userId, sku, cents }
}

/** The consumer's effect. */
export function addPoints(tx: SqliteTx, { userId, cents }: Order): void {
  tx.run(
    `INSERT INTO points VALUES (?, ?)
      ON CONFLICT (user_id) DO UPDATE SET points = points + excluded.points`,
    userId,
    Math.floor(cents / 100),
  )
}

export const orderSchema: StandardSchema<Order> = {
  '~standard': {
    version: 1,
    vendor: 'bench',
    validate(value) {
      const order = value as Partial<Order>
      const good = typeof order?.id === 'string' && typeof order.cents === 'number'
      return good ? { value: order as Order } : { issues: [{ message: 'no order' }] }
    },
  },
}
