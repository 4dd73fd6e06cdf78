import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generatedInput, generateOrders, unreachableOrders } from './generator.ts'
import { LineSplitter } from './line-splitter.ts'
import { readLine } from './read-line.ts'

test('the same seed gives the same orders, another one others', () => {
  const orders = [...generateOrders(7, 2_000)]
  assert.deepEqual([...generateOrders(7, 2_000)], orders)
  assert.notDeepEqual([...generateOrders(8, 2_000)], orders)
  assert.deepEqual(unreachableOrders(7, 2_000), unreachableOrders(7, 2_000))
})

test('exactly so many lines come, each one a valid order', () => {
  for (const count of [0, 1, 499, 500, 1_234]) {
    const splitter = new LineSplitter()
    const lines = [...generatedInput(3, count)].flatMap((chunk) => [...splitter.push(chunk)])
    assert.equal(lines.length, count)
    assert.ok(lines.every((line) => readLine(line).kind === 'order'))
  }
})

test('orders have users with several orders, repeats, coupons and coupons used twice', () => {
  const orders = [...generateOrders(1, 3_000)]
  const fresh = [...new Map(orders.map((order) => [order.id, order])).values()]
  const coupons = fresh.map((order) => order.couponId).filter((coupon) => coupon !== null)
  assert.ok(fresh.length < orders.length)
  assert.ok(new Set(fresh.map((order) => order.userId)).size < fresh.length / 5)
  assert.ok(coupons.length > 500 && new Set(coupons).size < coupons.length)
})
