import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { effect, effects, inWorld, orderSchema, until } from './world.fixture.ts'

describe('retention', () => {
  it(
    'finished rows are deleted after their time; what is open or younger stays',
    inWorld(async (world) => {
      const service = world.service('one', { retention: { outbox: 0 } })
      const Placed = service.event('placed', orderSchema, { groups: ['g'] })
      Placed.consume('g', (tx, _order, { id }) => effect(tx, id))
      const Kept = service.event('kept', orderSchema, { groups: ['nobody'] })
      await service.start()
      await service.store.transaction(async (tx) => {
        await Placed.publish(tx, { sku: 's', cents: 1 }, { id: 'a' })
        await Kept.publish(tx, { sku: 's', cents: 1 }, { id: 'b' })
      })
      await until('closed', async () => (await Placed.unreceipted()).length === 0)
      await service.stop()
      await service.start()
      const count = () =>
        service.store.transaction((tx) =>
          tx.all<{ id: string }>('SELECT id FROM hufu_outbox').map((row) => row.id),
        )
      await until('it is gone', async () => (await count()).join() === 'b')
      const entry = await service.journal.find({ event: 'placed', group: 'g', id: 'a' })
      assert.equal(entry?.outcome, 'done')
      assert.deepEqual(await effects(service), ['a'])
    }),
  )
})
