import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isHufuError } from './errors.ts'
import { inWorld, orderSchema, type Service, until } from './world.fixture.ts'

const ORDER = { sku: 'tea', cents: 500 }
const GROUPS = { groups: ['flow.order', 'other'], receipts: false } as const

function orderFlow(service: Service, within: number) {
  const placed = service.event('placed', orderSchema, GROUPS)
  const paid = service.event('paid', orderSchema, GROUPS)
  const shipped = service.event('shipped', orderSchema, GROUPS)
  const flow = service.flow('order', [placed, paid, shipped], { within })
  const publish = (event: typeof placed, key: string) =>
    service.store.transaction((tx) => event.publish(tx, ORDER, { id: `${event.name} ${key}`, key }))
  return { placed, paid, shipped, flow, publish }
}

const QUICK = { coordinator: { poll: 20 } }

test(
  'a choreography is one trace: what came, what is awaited, and that all came',
  inWorld(async (world) => {
    const service = world.service('shop', QUICK)
    const { placed, paid, shipped, flow, publish } = orderFlow(service, 60_000)
    await service.start()
    await publish(paid, 'o1')
    await publish(placed, 'o1')
    const half = await until('two came', async () => {
      const found = await flow.explain('o1')
      const done = found?.explanation?.branches.filter(({ state }) => state === 'done').length
      return done === 2 && found
    })
    assert.equal(half.status, 'running')
    assert.match(half.explanation!.next, /^waits for shipped until /)
    await publish(shipped, 'o1')
    await until('all came', async () => (await flow.explain('o1'))?.status === 'committed')
    assert.deepEqual(world.alerts, [])
  }),
)

test(
  'the step that never came is reported by name, and may still come',
  inWorld(async (world) => {
    const service = world.service('shop', QUICK)
    const { placed, paid, shipped, flow, publish } = orderFlow(service, 200)
    await service.start()
    await publish(placed, 'o1')
    await publish(paid, 'o1')
    const [late] = await until('it is overdue', async () => {
      const found = await flow.overdue()
      return found.length > 0 && found
    })
    assert.equal(late?.key, 'o1')
    assert.deepEqual([late?.cause?.code, late?.cause?.branch], ['STEP_MISSING', 'shipped'])
    assert.deepEqual(
      world.alerts.map(({ kind, key }) => [kind, key]),
      [['transaction', 'o1']],
    )
    await publish(shipped, 'o1')
    await until('it came', async () => (await flow.explain('o1'))?.status === 'committed')
  }),
)

test(
  'an event without the group of the flow is refused at definition',
  inWorld(async (world) => {
    const service = world.service('shop')
    const a = service.event('a', orderSchema, { groups: ['flow.x'] })
    const b = service.event('b', orderSchema, { groups: ['other'] })
    const define = () => service.flow('x', [a, b], { within: '1h' })
    assert.throws(define, (error) => isHufuError(error, 'GROUP_UNKNOWN'))
  }),
)
