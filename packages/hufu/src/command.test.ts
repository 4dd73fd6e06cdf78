import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fail } from './outcome.ts'
import { effect, effects, inWorld, orderSchema, type World } from './world.fixture.ts'

const ORDER = { sku: 'tea', cents: 500 }
const QUICK = { coordinator: { poll: 20 } }

/** A shop whose saga is done by commands to a stock, a service with a database of its own. */
function shopAndStock(world: World) {
  const [shop, stock] = [world.service('shop', QUICK), world.service('stock', QUICK)]
  const [reserve, carryOut] = [shop, stock].map((service) =>
    service.command('reserve', { input: orderSchema }),
  )
  const [release, giveBack] = [shop, stock].map((service) =>
    service.command('release', { input: orderSchema }),
  )
  const saga = shop.saga('order', orderSchema, (order) =>
    order.step('stock', { do: reserve!, undo: release! }).pivot('charge', {
      do: (_tx, { cents }) => {
        if (cents > 1_000) throw fail('NO_MONEY')
      },
    }),
  )
  return { shop, stock, carryOut: carryOut!, giveBack: giveBack!, saga }
}

test(
  'a step by message: the reply is the result, the undoing knows it',
  inWorld(async (world) => {
    const { shop, stock, carryOut, giveBack, saga } = shopAndStock(world)
    carryOut.handle((tx, { sku }, { transaction }) => {
      effect(tx, `${transaction} reserve`, sku)
      return { shelf: 7 }
    })
    const undone: unknown[] = []
    giveBack.handle((tx, _order, { transaction, result }) => {
      undone.push(result)
      effect(tx, `${transaction} release`)
    })
    await shop.start()
    await stock.start()
    const done = await saga.run(ORDER, { id: 'o1' })
    assert.deepEqual([done.status, done.results.stock], ['committed', { shelf: 7 }])
    const failed = await saga.run({ sku: 'tea', cents: 2_000 }, { id: 'o2' })
    assert.equal(failed.status, 'rolledBack')
    assert.deepEqual(undone, [{ shelf: 7 }])
    assert.deepEqual(await effects(stock), ['o1 reserve', 'o2 reserve', 'o2 release'])
  }),
)

test(
  'a participant that refuses ends the saga with its code; one that is away is waited for',
  inWorld(async (world) => {
    const { shop, stock, carryOut, saga } = shopAndStock(world)
    carryOut.handle(() => {
      throw fail('NO_STOCK', 'the shelf is empty')
    })
    await shop.start()
    const begun = await saga.run(ORDER, { id: 'o1', wait: 100 })
    assert.equal(begun.status, 'running')
    await stock.start()
    const { status, cause } = await saga.outcome('o1', { wait: '10s' })
    assert.deepEqual([status, cause?.code, cause?.branch], ['rolledBack', 'NO_STOCK', 'stock'])
    assert.deepEqual(await effects(stock), [])
  }),
)

test(
  'what was refused is tried again by a person, with a message of its own',
  inWorld(async (world) => {
    const shop = world.service('shop', QUICK)
    const ship = shop.command('ship', { input: orderSchema })
    let refusals = 0
    ship.handle((tx, _order, { transaction }) => {
      if (refusals++ === 0) throw fail('NO_TRUCK')
      effect(tx, `${transaction} shipped`)
    })
    const saga = shop.saga('order', orderSchema, (order) => order.retry('ship', { do: ship }))
    await shop.start()
    const parked = await saga.run(ORDER, { id: 'o1' })
    assert.deepEqual([parked.status, parked.cause?.code], ['parked', 'NO_TRUCK'])
    await shop.transactions.retry('o1', { reason: 'a truck came', by: 'me' })
    assert.equal((await saga.outcome('o1', { wait: '10s' })).status, 'committed')
    assert.deepEqual(await effects(shop), ['o1 shipped'])
  }),
)
