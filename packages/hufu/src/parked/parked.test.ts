import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Duration } from '../duration.ts'
import type { Receipt } from '../service/receipt.ts'
import type { Order, World } from '../world.fixture.ts'
import { effect, effects, inWorld, orderSchema, until } from '../world.fixture.ts'

const ORDER: Order = { sku: 's1', cents: 100 }
const WHY = { reason: 'mended by hand', by: 'ada' }

/** A service whose messages fail as long as their id is in `broken`; one attempt each. */
function breaking(
  world: World,
  exhausted: 'park-message' | 'park-key',
  receiptTimeout: Duration = '10m',
) {
  const service = world.service('one')
  const Placed = service.event('placed', orderSchema, { groups: ['g'], receiptTimeout })
  const broken = new Set<string>()
  const receipts: Receipt<unknown>[] = []
  Placed.onReceipt('g', (_tx, receipt) => void receipts.push(receipt))
  Placed.consume(
    'g',
    (tx, _order, { id }) => {
      if (broken.has(id)) throw new Error(`${id} is broken`)
      effect(tx, id)
    },
    { order: 'by-key', exhausted, retry: { max: 1 } },
  )
  const publish = (...ids: string[]) =>
    service.store.transaction(async (tx) => {
      for (const id of ids) await Placed.publish(tx, ORDER, { id, key: id[0]! })
    })
  const parked = (count: number) =>
    until(`${count} parked`, async () => {
      const rows = await service.parked.list()
      return rows.length === count && rows
    })
  const closed = () => until('all closed', async () => (await Placed.unreceipted()).length === 0)
  return { service, Placed, broken, receipts, publish, parked, closed }
}

describe('parked work', () => {
  it(
    'park-key: later messages of the key wait in order, others flow; a retry lets them all go on',
    inWorld(async (world) => {
      const { service, broken, publish, parked, closed } = breaking(world, 'park-key')
      broken.add('a1')
      await service.start()
      await publish('a1', 'a2', 'b1', 'a3')
      const rows = await parked(3)
      assert.deepEqual(
        rows.map((row) => [row.id, row.state, row.cause]),
        [
          ['a1', 'parked', 'EXHAUSTED'],
          ['a2', 'waiting', 'BEHIND'],
          ['a3', 'waiting', 'BEHIND'],
        ],
      )
      assert.equal(typeof rows[1]!.nextAttemptAt, 'number')
      assert.deepEqual(await effects(service), ['b1'])
      broken.clear()
      await service.parked.retry(rows[0]!.ref, WHY)
      await publish('a4')
      await closed()
      assert.deepEqual(await effects(service), ['b1', 'a1', 'a2', 'a3', 'a4'])
      assert.deepEqual(await service.parked.list(), [])
      const [entry] = await service.audit.list()
      assert.deepEqual(
        [entry?.action, entry?.subject, entry?.reason, entry?.by],
        ['parked.retry', 'consume placed/g/a1', WHY.reason, WHY.by],
      )
    }),
  )

  it(
    'a retry that fails is parked again, with one attempt more and a new alert',
    inWorld(async (world) => {
      const { service, broken, publish, parked } = breaking(world, 'park-message')
      broken.add('a1')
      await service.start()
      await publish('a1')
      const [row] = await parked(1)
      await service.parked.retry(row!.ref, WHY)
      await until('parked again', async () => (await service.parked.list())[0]?.attempts === 2)
      assert.equal((await service.parked.list())[0]?.state, 'parked')
      assert.equal(world.alerts.length, 2)
    }),
  )

  it(
    'skip counts as done without its effect: the key goes on, the receipt says so',
    inWorld(async (world) => {
      const { service, broken, receipts, publish, parked, closed } = breaking(world, 'park-key')
      broken.add('a1')
      await service.start()
      await publish('a1', 'a2')
      const [row] = await parked(2)
      const { skip } = service.parked
      await skip(row!.ref, WHY)
      await closed()
      assert.deepEqual(await effects(service), ['a2'])
      const skipped = receipts.find((receipt) => receipt.outcome === 'done' && receipt.skipped)
      assert.equal(skipped?.outcome === 'done' && skipped.result, undefined)
      const entry = await service.journal.find({ event: 'placed', group: 'g', id: 'a1' })
      assert.equal(entry?.outcome, 'skipped')
    }),
  )

  it(
    'a parked message that is sent again, its receipt missing, still waits for a person',
    inWorld(async (world) => {
      const { service, broken, publish, parked } = breaking(world, 'park-message', '30ms')
      broken.add('a1')
      await service.start()
      await publish('a1')
      const [row] = await parked(1)
      broken.clear()
      const counted = async () => (await service.stats()).consumers[0]!.parked
      await until('it came again twice', async () => (await counted()) >= 3)
      assert.deepEqual(await effects(service), [])
      assert.deepEqual(await parked(1), [row])
    }),
  )

  it(
    'discard tells the producer that it failed',
    inWorld(async (world) => {
      const { service, broken, receipts, publish, parked, closed } = breaking(world, 'park-message')
      broken.add('a1')
      await service.start()
      await publish('a1')
      const [row] = await parked(1)
      await service.parked.discard(row!.ref, WHY)
      await closed()
      const failed = { outcome: 'failed', group: 'g', code: 'DISCARDED' }
      assert.deepEqual(receipts, [{ ...failed, message: WHY.reason, data: undefined }])
    }),
  )

  it(
    'a decision needs a reason and a name, and work that is still there',
    inWorld(async (world) => {
      const { service, broken, publish, parked } = breaking(world, 'park-message')
      broken.add('a1')
      await service.start()
      await publish('a1')
      const [row] = await parked(1)
      const { ref } = row!
      const { skip } = service.parked
      await assert.rejects(skip(ref, { reason: ' ', by: 'me' }), {
        code: 'ARGUMENT',
      })
      await assert.rejects(skip(ref, { ...WHY, by: '' }), { code: 'ARGUMENT' })
      await assert.rejects(skip(999, WHY), { code: 'PARKED_UNKNOWN' })
      await skip(ref, WHY)
      await assert.rejects(service.parked.retry(ref, WHY), { code: 'PARKED_UNKNOWN' })
      assert.equal((await service.audit.list()).length, 1)
      await assert.rejects(service.parked.list({ limit: 1_001 }), { code: 'LIMIT' })
    }),
  )

  it(
    'a receipt handler that keeps failing is parked as a receipt, and may be retried',
    inWorld(async (world) => {
      const service = world.service('one')
      const Placed = service.event('placed', orderSchema, { groups: ['g'] })
      Placed.consume('g', () => 1)
      let broken = true
      Placed.onReceipt('g', (tx) => {
        if (broken) throw new RangeError('broken')
        effect(tx, 'receipt')
      })
      await service.start()
      await service.store.transaction((tx) => Placed.publish(tx, ORDER, { id: 'a' }))
      // The policy of receipts takes minutes; what it does at its end is done here at once.
      const [open] = await until('sent', async () => {
        const rows = await Placed.unreceipted()
        return rows[0]?.sent && rows
      })
      assert.deepEqual(open?.missing, ['g'])
      const body = { event: 'placed', id: 'a', group: 'g', outcome: 'done', body: '{"result":1}' }
      const ref = await service.store.transaction((tx) =>
        service.store.parked.add(tx, {
          kind: 'receipt',
          event: 'placed',
          group: 'g',
          id: 'a',
          key: null,
          headers: {},
          body: Buffer.from(JSON.stringify(body)),
          state: 'parked',
          cause: 'EXHAUSTED',
          detail: 'broken',
          attempts: 16,
          holdsKey: false,
          nextAttemptAt: null,
        }),
      )
      broken = false
      await service.parked.retry(ref, WHY)
      await until('resolved', async () => (await service.parked.list()).length === 0)
      assert.deepEqual(await effects(service), ['receipt'])
      assert.deepEqual(await Placed.unreceipted(), [])
    }),
  )
})
