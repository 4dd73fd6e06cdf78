import { SeededRandom } from '@hufu/os/simulated'
import type { Order } from './order.ts'

/** Orders of each user, on average. A few users have many more, as in life. */
const ORDERS_PER_USER = 20

const SKUS = ['tea', 'rice', 'ink', 'silk', 'lamp', 'bowl', 'fan', 'drum']

const REPEAT_CHANCE = 0.005
const COUPON_CHANCE = 0.3
const COUPON_AGAIN_CHANCE = 0.1
/** A repeat is of one of so many orders before it. */
const REPEAT_DISTANCE = 50

/** One line in so many is an order whose SMS can never be sent. */
const LINES_PER_UNREACHABLE = 1_000
const UNREACHABLE_MAX = 5

const CHUNK_LINES = 500

/**
 * `count` lines with orders; the same for the same seed. Now and then a client sends an order
 * again, and a coupon is used that was used before.
 */
export function* generateOrders(seed: number, count: number): Generator<Order> {
  const random = new SeededRandom(seed).fork('orders')
  const users = Math.max(1, Math.round(count / ORDERS_PER_USER))
  const recent: Order[] = []
  let coupons = 0
  const couponId = () => {
    if (!random.chance(COUPON_CHANCE)) return null
    const again = coupons > 0 && random.chance(COUPON_AGAIN_CHANCE)
    return `c${again ? 1 + random.below(coupons) : ++coupons}`
  }
  for (let line = 1; line <= count; line++) {
    if (recent.length > 0 && random.chance(REPEAT_CHANCE)) {
      yield recent[random.below(recent.length)]!
      continue
    }
    const order = {
      id: `o${line}`,
      userId: `u${1 + Math.floor(users * random.next() * random.next())}`,
      sku: SKUS[random.below(SKUS.length)]!,
      cents: 100 + random.below(20_000),
      couponId: couponId(),
    }
    recent.push(order)
    if (recent.length > REPEAT_DISTANCE) recent.shift()
    yield order
  }
}

/** The same as lines of JSON, many in a chunk. */
export function* generatedInput(seed: number, count: number): Generator<Buffer> {
  let lines: string[] = []
  for (const order of generateOrders(seed, count)) {
    lines.push(`${JSON.stringify(order)}\n`)
    if (lines.length < CHUNK_LINES) continue
    yield Buffer.from(lines.join(''))
    lines = []
  }
  if (lines.length > 0) yield Buffer.from(lines.join(''))
}

/** Ids of generated orders whose customer's telephone is dead: their SMS will be parked. */
export function unreachableOrders(seed: number, count: number): string[] {
  const random = new SeededRandom(seed).fork('unreachable')
  const wanted = Math.min(UNREACHABLE_MAX, Math.round(count / LINES_PER_UNREACHABLE))
  return Array.from({ length: wanted }, () => `o${1 + random.below(count)}`)
}
