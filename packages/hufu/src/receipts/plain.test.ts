import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import type { SqliteStore } from '../stores/sqlite/index.ts'
import { sqlite } from '../stores/sqlite/index.ts'
import { inWorld, orderSchema, until } from '../world.fixture.ts'

/** A store that fails, so many times, to take the answer to message `id`. */
function refusing(store: SqliteStore, id: string, times: number): SqliteStore {
  let left = times
  const { outbox } = store
  const receipt: typeof outbox.receipt = async (tx, row) => {
    if (row.id === id && left-- > 0) throw new Error('not today')
    return outbox.receipt(tx, row)
  }
  return { ...store, outbox: { ...outbox, receipt } }
}

test(
  'an answer that cannot be stored does not keep those that came with it from being stored',
  inWorld(async (world) => {
    const store = refusing(sqlite(join(world.dir, 'shop.db')), 'bad', 2)
    const service = world.service('shop', { store })
    const Placed = service.event('placed', orderSchema, { groups: ['g'] })
    Placed.consume('g', () => {})
    await service.start()
    await store.transaction(async (tx) => {
      for (const id of ['a', 'bad', 'b']) await Placed.publish(tx, { sku: 's', cents: 1 }, { id })
    })
    const open = async () => (await Placed.unreceipted()).map(({ id }) => id)
    await until('only the bad one is open', async () => (await open()).join() === 'bad')
    await until('it is tried again', async () => (await open()).length === 0)
    assert.equal((await service.stats()).parked, 0)
  }),
)
