import { SeededRandom } from '@hufu/os/simulated'
import type { ServiceOptions } from './service.ts'
import { makeService, RETRY } from './service.ts'

/** No unique constraint: it would hide from the checker that something was done twice. */
const TABLES = `CREATE TABLE IF NOT EXISTS sent (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, order_id TEXT NOT NULL, user_id TEXT NOT NULL,
  text TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS sent_order ON sent (order_id)`

/** One SMS in so many fails once or twice before it goes out. */
const FLAKY_CHANCE = 1 / 200

export interface SmsOptions extends ServiceOptions {
  readonly seed: number
  /** Orders whose customer can never be reached: they give up and are parked. */
  readonly unreachable: ReadonlySet<string>
}

/** Tells the customer. Sending writes a row here, so that it can be counted. */
export function smsService(options: SmsOptions) {
  const { hufu, OrderPlaced } = makeService('sms', TABLES, options)
  const random = new SeededRandom(options.seed)

  const consumer = OrderPlaced.consume(
    'sms',
    (tx, { id, userId, sku }, { attempt }) => {
      if (options.unreachable.has(id)) throw new Error('the number is out of service')
      if (attempt <= 2 && random.fork(`sms ${id}`).chance(FLAKY_CHANCE)) {
        throw new Error('the operator does not answer')
      }
      const sql = 'INSERT INTO sent (order_id, user_id, text) VALUES (?, ?, ?)'
      tx.run(sql, id, userId, `Thank you for ordering ${sku} (${id})`)
    },
    { concurrency: 32, retry: RETRY },
  )
  return { hufu, consumer }
}
