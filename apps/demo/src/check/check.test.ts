import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { createBroker } from '@hufu/broker'
import { embedded } from 'hufu/transports/embedded'
import type { ServiceName } from '../services/databases.ts'
import { brokerPath } from '../services/databases.ts'
import { check } from './check.ts'
import { inversions } from './check-points.ts'
import { finishedShop } from './shop.fixture.ts'

const NONE = { lost: 0, duplicated: 0, outOfOrder: 0, openReceipts: 0, wrong: 0 }

/** What the checker counts after `text` has changed the database of `service`. */
async function counted(t: TestContext, service: ServiceName, text: string) {
  const shop = await finishedShop(t)
  shop.sql(service, text)
  const found = await check(shop.dir)
  const { lost, duplicated, outOfOrder, openReceipts, wrong, consistent } = found
  const counts = { lost, duplicated, outOfOrder, openReceipts, wrong }
  const problems = lost + duplicated + outOfOrder + openReceipts + wrong
  assert.equal(consistent, problems === 0)
  assert.equal(found.problems.length > 0, !consistent)
  return counts
}

const PARK = (id: string, grp: string) => `INSERT INTO hufu_parked
  (kind, event, grp, id, headers, body, state, cause, detail, attempts, holds_key, parked_at)
  VALUES ('consume', 'order.placed', '${grp}', '${id}', '{}', x'', 'parked', 'EXHAUSTED', 'no',
    12, 0, 1)`

test('a finished run is consistent, and its lines are counted', async (t) => {
  const { dir } = await finishedShop(t)
  const found = await check(dir)
  assert.deepEqual(found.problems, [])
  assert.ok(found.consistent)
  const { orders, placed, repeated, rejected, parked, held } = found
  const counts = { orders, placed, repeated, rejected, parked, held }
  assert.deepEqual(counts, { orders: 8, placed: 5, repeated: 1, rejected: 2, parked: 0, held: 0 })
  assert.deepEqual(found.effects, { points: 5, sms: 5, couponsUsed: 1, couponsRefused: 1 })
  assert.equal(found.pointsSum, 45n)
})

test('a half message without its second word is wrong; those asked for are counted', async (t) => {
  const shop = await finishedShop(t)
  shop.sql('order', "INSERT INTO asked VALUES (1, 'commit'), (2, 'rollback'), (3, 'commit')")
  const broker = await createBroker({ dir: brokerPath(shop.dir) })
  const messages = [{ queues: ['order.placed/sms'], body: Buffer.from('{}') }]
  await broker.prepare({ transactionId: 'order 7', group: 'order', messages })
  await broker.close()
  const found = await check(shop.dir)
  assert.deepEqual(found.problems, ['the broker has no second word for order 7'])
  assert.equal(found.wrong, 1)
  assert.deepEqual(found.asked, { commit: 2, rollback: 1 })
})

test('a missing effect is lost', async (t) => {
  const sms = await counted(t, 'sms', "DELETE FROM sent WHERE order_id = 'o2'")
  assert.deepEqual(sms, { ...NONE, lost: 1 })
  const points = await counted(
    t,
    'points',
    "DELETE FROM ledger WHERE order_id = 'o3'; DELETE FROM ledger WHERE order_id = 'o4'",
  )
  assert.equal(points.lost, 2)
  const coupon = await counted(t, 'coupon', 'DELETE FROM redemptions')
  assert.equal(coupon.lost, 1)
})

test('an order of the input that was never placed is lost', async (t) => {
  const text = "DELETE FROM orders WHERE id = 'o3'; UPDATE intake SET placed = 4"
  const { lost } = await counted(t, 'order', text)
  assert.equal(lost, 1)
})

test('an order whose message was never stored is lost', async (t) => {
  const { lost } = await counted(t, 'order', "DELETE FROM hufu_outbox WHERE id = 'o1'")
  assert.equal(lost, 1)
})

test('an effect that took place again is duplicated, each time', async (t) => {
  const again = "INSERT INTO sent (order_id, user_id, text) VALUES ('o1', 'u1', 'again')"
  const sms = await counted(t, 'sms', `${again}; ${again}`)
  assert.deepEqual(sms, { ...NONE, duplicated: 2 })
  const points = await counted(
    t,
    'points',
    `INSERT INTO ledger (order_id, user_id, points) VALUES ('o1', 'u1', 10);
     UPDATE balances SET points = points + 10 WHERE user_id = 'u1'`,
  )
  assert.deepEqual(points, { ...NONE, duplicated: 1 })
  const coupon = await counted(t, 'coupon', "INSERT INTO redemptions VALUES (9, 'c1', 'o4')")
  assert.equal(coupon.duplicated, 1)
})

test('a coupon that two orders have used is duplicated', async (t) => {
  const { duplicated } = await counted(
    t,
    'coupon',
    "INSERT INTO redemptions (coupon_id, order_id) VALUES ('c1', 'o5')",
  )
  assert.equal(duplicated, 1)
})

test('pairs of one user that were applied the wrong way round are out of order', async (t) => {
  const swap = (a: number, b: number) =>
    `UPDATE ledger SET seq = 100 WHERE seq = ${a}; UPDATE ledger SET seq = ${a} WHERE seq = ${b};
     UPDATE ledger SET seq = ${b} WHERE seq = 100`
  assert.deepEqual(await counted(t, 'points', swap(1, 2)), { ...NONE, outOfOrder: 1 })
  assert.deepEqual(await counted(t, 'points', swap(1, 3)), { ...NONE, outOfOrder: 3 })
  // Of different users: no order is promised.
  const other = 'UPDATE ledger SET seq = 100 WHERE seq = 3'
  assert.deepEqual(await counted(t, 'points', other), NONE)
})

test('a row not closed is an open receipt, also one closed without an answer', async (t) => {
  const open = `UPDATE hufu_outbox SET state = 1, due_at = 9, missing = 1 WHERE id = 'o1';
    DELETE FROM hufu_receipts WHERE seq = 1 AND grp = 'sms'`
  assert.deepEqual(await counted(t, 'order', open), { ...NONE, openReceipts: 1 })
  const unanswered = "DELETE FROM hufu_receipts WHERE seq = 1 AND grp = 'sms'"
  assert.deepEqual(await counted(t, 'order', unanswered), { ...NONE, openReceipts: 1 })
})

test('parked work is counted apart; it explains only its own group and order', async (t) => {
  const shop = await finishedShop(t)
  shop.sql('sms', `DELETE FROM sent WHERE order_id = 'o2'; ${PARK('o2', 'sms')}`)
  shop.sql(
    'order',
    `UPDATE hufu_outbox SET state = 1, due_at = 9, missing = 1 WHERE id = 'o2';
    DELETE FROM hufu_receipts WHERE seq = 2 AND grp = 'sms'`,
  )
  const found = await check(shop.dir)
  assert.deepEqual(found.problems, [])
  assert.equal(found.parked, 1)
  assert.equal(found.parkedWork[0]?.cause, 'EXHAUSTED')
  shop.sql('points', "DELETE FROM ledger WHERE order_id = 'o2'")
  assert.equal((await check(shop.dir)).lost, 1)
})

test('work that is to be tried again explains nothing that is missing', async (t) => {
  const shop = await finishedShop(t)
  const waiting = "UPDATE hufu_parked SET state = 'waiting'"
  shop.sql('sms', `DELETE FROM sent WHERE order_id = 'o2'; ${PARK('o2', 'sms')}; ${waiting}`)
  const { lost, parked } = await check(shop.dir)
  assert.deepEqual({ lost, parked }, { lost: 1, parked: 0 })
})

test('sums, contents and counts that do not fit are wrong', async (t) => {
  const changes: [ServiceName, string][] = [
    ['points', "UPDATE balances SET points = points + 1 WHERE user_id = 'u1'"],
    ['points', "DELETE FROM balances WHERE user_id = 'u2'"],
    ['points', "UPDATE ledger SET points = 7 WHERE order_id = 'o1'"],
    ['points', "INSERT INTO ledger (order_id, user_id, points) VALUES ('o9', 'u9', 0)"],
    ['sms', "INSERT INTO sent (order_id, user_id, text) VALUES ('o9', 'u9', 'who?')"],
    ['order', "UPDATE orders SET coupon_state = 'pending' WHERE id = 'o5'"],
    ['order', "UPDATE orders SET coupon_state = 'refused' WHERE id = 'o4'"],
    ['order', "UPDATE orders SET cents = 1001 WHERE id = 'o1'"],
    ['order', "UPDATE orders SET line = 4 WHERE id = 'o1'"],
    ['order', 'UPDATE intake SET placed = 6'],
    ['order', 'UPDATE intake SET rejected = 1'],
    ['order', 'UPDATE intake SET repeated = 0'],
  ]
  for (const [service, text] of changes) {
    const { wrong } = await counted(t, service, text)
    assert.ok(wrong > 0, text)
  }
})

test('messages that the broker still holds are seen', async (t) => {
  const { dir } = await finishedShop(t)
  const transport = embedded(brokerPath(dir))
  await transport.open()
  const message = { event: 'order.placed', id: 'o1', headers: {}, body: Buffer.from('{}') }
  await transport.publish([{ ...message, groups: ['sms', 'points'] }])
  await transport.close()
  assert.equal((await check(dir)).held, 2)
})

test('inversions are counted as pairs', () => {
  assert.equal(inversions([]), 0)
  assert.equal(inversions([1, 2, 3, 4]), 0)
  assert.equal(inversions([4, 3, 2, 1]), 6)
  assert.equal(inversions([2, 1, 4, 3, 6, 5, 7]), 3)
})
