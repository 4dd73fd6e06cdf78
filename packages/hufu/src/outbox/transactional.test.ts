import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Transport } from '../ports/transport.ts'
import type { Order, Service, World } from '../world.fixture.ts'
import { effects, inWorld, orderSchema } from '../world.fixture.ts'

const ORDER: Order = { sku: 's1', cents: 100 }
/** Asks soon, so that a test does not wait. */
const check = { first: '30ms', every: '30ms' } as const

function defineOrders(service: Service) {
  return service.event('order', orderSchema, { groups: ['points'] })
}

function insertOrder(id: string) {
  return (tx: Parameters<Parameters<Service['store']['transaction']>[0]>[0]) => {
    tx.run('INSERT INTO effects (id, value) VALUES (?, ?)', id, 'order')
    return `stored ${id}`
  }
}

/** The world's transport with some of its half-message verbs replaced. */
function transportWith(
  world: World,
  verbs: Partial<NonNullable<Transport['prepared']>>,
): Transport {
  return new Proxy<Transport>(world.transport, {
    get(target, name) {
      if (name === 'prepared') return { ...target.prepared, ...verbs }
      const value = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5))
}

const undecided = (world: World) => world.transport.broker?.prepared().length ?? 0
const waiting = (world: World) =>
  world.transport.broker?.queues().find(({ name }) => name === 'order/points')?.ready

it(
  'the message is there with the commit; its receipt closes the row; a repeat runs nothing',
  inWorld(async (world) => {
    const service = world.service('orders')
    const Placed = defineOrders(service)
    const answered = Promise.withResolvers<void>()
    Placed.consume('points', (tx, _order, { id }) => {
      tx.run('INSERT INTO effects (id, value) VALUES (?, ?)', `points ${id}`, '')
    })
    Placed.onReceipt('points', () => answered.resolve())
    await service.start()
    const first = await Placed.transactional(ORDER, { id: '1' }, insertOrder('1'))
    assert.deepEqual(first, { repeated: false, result: 'stored 1' })
    await answered.promise
    assert.deepEqual(await effects(service), ['1', 'points 1'])
    assert.deepEqual(await Placed.unreceipted(), [])
    const again = await Placed.transactional(ORDER, { id: '1' }, insertOrder('1'))
    assert.deepEqual(again, { repeated: true })
    assert.deepEqual(await effects(service), ['1', 'points 1'])
    assert.equal(undecided(world), 0)
  }),
)

it(
  'a throw rolls both back and is thrown on; the same id may then succeed',
  inWorld(async (world) => {
    const service = world.service('orders')
    const Placed = defineOrders(service)
    await service.start()
    const failing = Placed.transactional(ORDER, { id: '1' }, (tx) => {
      insertOrder('1')(tx)
      throw new Error('no stock')
    })
    await assert.rejects(failing, /no stock/)
    assert.deepEqual(await effects(service), [])
    assert.deepEqual([undecided(world), waiting(world)], [0, 0])
    await Placed.transactional(ORDER, { id: '1' }, insertOrder('1'))
    assert.equal(waiting(world), 1)
  }),
)

it(
  'the second word lost after the commit: the broker asks, and the message is shown',
  inWorld(async (world) => {
    const decide = () => Promise.reject(new Error('connection lost'))
    const service = world.service('orders', { transport: transportWith(world, { decide }) })
    const Placed = defineOrders(service)
    await service.start()
    await Placed.transactional(ORDER, { id: '1', check }, insertOrder('1'))
    assert.deepEqual([undecided(world), waiting(world)], [1, 0])
    await until(() => undecided(world) === 0)
    assert.equal(waiting(world), 1)
    assert.match(world.warnings.join(), /connection lost; the broker will ask/)
  }),
)

it(
  'the process lost between half message and local transaction: the broker asks, and drops it',
  inWorld(async (world) => {
    const lost = () => Promise.reject(new Error('the process is gone'))
    const transport = transportWith(world, {
      prepare: async (message, terms) => {
        await world.transport.prepared.prepare(message, terms)
        return lost()
      },
    })
    const service = world.service('orders', { transport })
    const Placed = defineOrders(service)
    await service.start()
    const attempt = Placed.transactional(ORDER, { id: '1', check }, insertOrder('1'))
    await assert.rejects(attempt, /the process is gone/)
    await until(() => undecided(world) === 0)
    assert.equal(waiting(world), 0)
    assert.deepEqual(await effects(service), [])
  }),
)

it(
  'once "rolled back" was answered the local transaction can only fail, with FENCED',
  inWorld(async (world) => {
    let asked = 0
    const transport = transportWith(world, {
      prepare: async (message, terms) => {
        const outcome = await world.transport.prepared.prepare(message, terms)
        // Asked and answered before the local transaction begins.
        if (asked++ === 0) await until(() => undecided(world) === 0)
        return outcome
      },
    })
    const service = world.service('orders', { transport })
    const Placed = defineOrders(service)
    await service.start()
    const late = Placed.transactional(ORDER, { id: '1', check }, insertOrder('1'))
    await assert.rejects(late, { code: 'FENCED' })
    assert.deepEqual(await effects(service), [])
    assert.equal(waiting(world), 0)
    await Placed.transactional(ORDER, { id: '1' }, insertOrder('1'))
    assert.equal(waiting(world), 1)
  }),
)

it(
  'while an earlier attempt is undecided the id is refused with IN_PROGRESS',
  inWorld(async (world) => {
    const service = world.service('orders')
    const Placed = defineOrders(service)
    await service.start()
    const gate = Promise.withResolvers<void>()
    const first = Placed.transactional(ORDER, { id: '1' }, async (tx) => {
      await gate.promise
      return insertOrder('1')(tx)
    })
    await until(() => undecided(world) === 1)
    const second = Placed.transactional(ORDER, { id: '1' }, insertOrder('1'))
    await assert.rejects(second, { code: 'IN_PROGRESS' })
    gate.resolve()
    await first
    assert.deepEqual(await effects(service), ['1'])
  }),
)

it(
  'a transport without half messages is refused with TRANSPORT_LACKS',
  inWorld(async (world) => {
    const flags = { ...world.transport.flags, prepared: false }
    const transport = new Proxy<Transport>(transportWith(world, {}), {
      get: (target, name) => (name === 'flags' ? flags : Reflect.get(target, name)),
    })
    const service = world.service('orders', { transport })
    const Placed = defineOrders(service)
    await service.start()
    const attempt = Placed.transactional(ORDER, { id: '1' }, insertOrder('1'))
    await assert.rejects(attempt, { code: 'TRANSPORT_LACKS' })
  }),
)
