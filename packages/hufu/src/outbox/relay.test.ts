import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { PublishOutcome, Transport } from '../ports/transport.ts'
import type { Order, World } from '../world.fixture.ts'
import { effect, effects, inWorld, orderSchema, until } from '../world.fixture.ts'

const ORDER: Order = { sku: 's1', cents: 100 }
const WHY = { reason: 'as it should be', by: 'ada' }
const REFUSED = { ok: false, code: 'QUEUE_FULL', cause: 'it is full', retriable: true } as const

/** The real transport, refusing the messages that `refuse` names. */
function choosy(real: Transport, refuse: (id: string) => PublishOutcome | undefined): Transport {
  return {
    name: 'choosy',
    flags: real.flags,
    open: () => real.open(),
    declare: (event, groups) => real.declare(event, groups),
    subscribe: (request) => real.subscribe(request),
    close: () => real.close(),
    async publish(batch) {
      const outcomes = batch.map((message) => refuse(message.id))
      const passed = await real.publish(batch.filter((_, at) => !outcomes[at]))
      return outcomes.map((outcome) => outcome ?? passed.shift()!)
    },
  }
}

function one(world: World, transport: Transport = world.transport, file = 'one') {
  const service = world.service('one', { transport, file })
  const Placed = service.event('placed', orderSchema, { groups: ['g'] })
  const publish = (...ids: string[]) =>
    service.store.transaction(async (tx) => {
      for (const id of ids) await Placed.publish(tx, ORDER, { id, key: id[0]! })
    })
  const closed = () => until('all closed', async () => (await Placed.unreceipted()).length === 0)
  return { service, Placed, publish, closed }
}

describe('the relay', () => {
  it(
    'a refused message is sent again, later ones of its key stay behind it, others flow',
    inWorld(async (world) => {
      let refusals = 2
      const transport = choosy(world.transport, (id) =>
        id === 'a1' && refusals-- > 0 ? REFUSED : undefined,
      )
      const { service, Placed, publish, closed } = one(world, transport)
      Placed.consume('g', (tx, _order, { id }) => effect(tx, id), { order: 'by-key' })
      await service.start()
      await publish('a1', 'a2', 'b1', 'a3')
      await closed()
      assert.deepEqual(await effects(service), ['b1', 'a1', 'a2', 'a3'])
    }),
  )

  it(
    'a message that no repeat can bring over is parked with an alert; retry sends it again',
    inWorld(async (world) => {
      let tooLarge = true
      const transport = choosy(world.transport, (id) =>
        id === 'a1' && tooLarge ? { ...REFUSED, code: 'LIMIT', retriable: false } : undefined,
      )
      const { service, Placed, publish, closed } = one(world, transport)
      Placed.consume('g', (tx, _order, { id }) => effect(tx, id))
      await service.start()
      await publish('a1', 'a2')
      const [row] = await until('parked', async () => {
        const rows = await service.parked.list({ kind: 'publish' })
        return rows.length > 0 && rows
      })
      assert.deepEqual([row?.id, row?.cause, row?.detail], ['a1', 'LIMIT', 'it is full'])
      assert.equal(world.alerts[0]?.kind, 'publish')
      tooLarge = false
      await service.parked.retry(row!.ref, WHY)
      await closed()
      assert.deepEqual((await effects(service)).sort(), ['a1', 'a2'])
    }),
  )

  it(
    'refusals are counted and end: then the message is parked',
    inWorld(async (world) => {
      const transport = choosy(world.transport, () => REFUSED)
      const service = world.service('one', { transport, limits: { publishAttemptsMax: 2 } })
      const Placed = service.event('placed', orderSchema, { groups: ['g'] })
      await service.start()
      await service.store.transaction((tx) => Placed.publish(tx, ORDER, { id: 'a' }))
      const [row] = await until('parked', async () => {
        const rows = await service.parked.list()
        return rows.length > 0 && rows
      })
      assert.deepEqual([row?.cause, row?.attempts], ['QUEUE_FULL', 2])
    }),
  )

  it(
    'discarding a message that was never sent runs the handlers of all its groups',
    inWorld(async (world) => {
      const never = { ...REFUSED, retriable: false }
      const { service, Placed, publish, closed } = one(
        world,
        choosy(world.transport, () => never),
      )
      Placed.onReceipt('g', (tx, receipt) => effect(tx, JSON.stringify(receipt)))
      await service.start()
      await publish('a1')
      const [row] = await until('parked', async () => {
        const rows = await service.parked.list()
        return rows.length > 0 && rows
      })
      await service.parked.discard(row!.ref, WHY)
      await closed()
      const [receipt] = await effects(service)
      const failed = { outcome: 'failed', group: 'g', code: 'DISCARDED', message: WHY.reason }
      assert.deepEqual(JSON.parse(receipt!), failed)
    }),
  )

  it(
    'when too many messages wait to be sent a publish is refused, until some are sent',
    inWorld(async (world) => {
      let refusing = true
      const transport = choosy(world.transport, () => (refusing ? REFUSED : undefined))
      const service = world.service('one', { transport, limits: { outboxWaitingMax: 2 } })
      const Placed = service.event('placed', orderSchema, { groups: ['g'], receipts: false })
      await service.start()
      const publish = (id: string) =>
        service.store.transaction((tx) => Placed.publish(tx, ORDER, { id }))
      await publish('a')
      await publish('b')
      const refused = await until('a publish is refused', async () => {
        const ids = ['c', 'd', 'e', 'f'].map((id) => publish(`${id}${performance.now()}`))
        const results = await Promise.allSettled(ids)
        return results.find((result) => result.status === 'rejected')
      })
      assert.equal(refused.reason.code, 'OUTBOX_FULL')
      refusing = false
      await until('there is room again', () => publish('z').catch(() => false))
    }),
  )

  it(
    'several relays on one database lose nothing, double nothing and keep the order of keys',
    inWorld(async (world) => {
      const first = one(world)
      const second = one(world)
      const order = { order: 'by-key' } as const
      first.Placed.consume('g', (tx, _order, { id }) => effect(tx, id), order)
      await first.service.start()
      await second.service.start()
      const ids = [...Array(60).keys()].map((n) => `${'abc'[n % 3]}${n}`)
      for (const [n, id] of ids.entries()) await (n % 2 ? first : second).publish(id)
      await first.closed()
      const done = await effects(first.service)
      assert.equal(done.length, 60)
      for (const key of 'abc') {
        const of = (list: string[]) => list.filter((id) => id.startsWith(key))
        assert.deepEqual(of(done), of(ids))
      }
    }),
  )

  it(
    'when the process that sends stops, another one on the database goes on',
    inWorld(async (world) => {
      const first = one(world)
      const second = one(world)
      second.Placed.consume('g', (tx, _order, { id }) => effect(tx, id))
      await first.service.start()
      await first.publish('a1')
      await second.service.start()
      await second.closed()
      await first.service.stop()
      await second.publish('a2')
      await second.closed()
      assert.deepEqual(await effects(second.service), ['a1', 'a2'])
    }),
  )
})
