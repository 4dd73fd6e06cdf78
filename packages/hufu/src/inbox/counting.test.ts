import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Settlement, Transport } from '../ports/transport.ts'
import { type SqliteStore, sqlite } from '../stores/sqlite/index.ts'
import { effect, effects, inWorld, orderSchema, until, type World } from '../world.fixture.ts'

const ORDER = { sku: 's1', cents: 100 }
const FAST = { max: 5, backoff: ['10ms', '40ms'] } as const

/** The world's transport as one that counts no attempts; `settle` may lose what it is told. */
function uncounted(
  { transport }: World,
  settle: (batch: readonly Settlement[]) => void = () => {},
): Transport {
  return {
    name: 'uncounted',
    flags: { ...transport.flags, attempts: false, prepared: false },
    open: () => transport.open(),
    declare: (...args) => transport.declare(...args),
    publish: (batch) => transport.publish(batch),
    close: () => transport.close(),
    async subscribe(request) {
      const inner = await transport.subscribe(request)
      return {
        setCredit: (credit) => inner.setCredit(credit),
        close: () => inner.close(),
        async settle(batch) {
          settle(batch)
          await inner.settle(batch)
        },
      }
    },
  }
}

/** A store in which so many messages cannot be set aside. */
function refusing(store: SqliteStore, times: number): SqliteStore {
  let left = times
  const { parked } = store
  const add: typeof parked.add = async (tx, row) => {
    if (left-- > 0) throw new Error('not today')
    return parked.add(tx, row)
  }
  return { ...store, parked: { ...parked, add } }
}

function one(world: World, transport: Transport, store?: SqliteStore) {
  const service = world.service('one', { transport, ...(store && { store }) })
  const Placed = service.event('placed', orderSchema, { groups: ['g'] })
  const attempts: number[] = []
  Placed.consume(
    'g',
    (tx, _order, { id, attempt }) => {
      attempts.push(attempt)
      effect(tx, id)
      if (attempt < 3) throw new Error('not yet')
    },
    { retry: FAST, order: 'by-key' },
  )
  const publish = (id: string) =>
    service.store.transaction((tx) => Placed.publish(tx, ORDER, { id, key: 'k' }))
  const closed = () => until('all closed', async () => (await Placed.unreceipted()).length === 0)
  return { service, attempts, publish, closed }
}

describe('over a transport that counts no attempts', () => {
  it(
    'a message that is set aside and comes again, as its settling was lost, takes effect once',
    inWorld(async (world) => {
      let lost = 0
      const transport = uncounted(world, (batch) => {
        if (batch.some(({ outcome }) => outcome === 'done') && lost++ === 0) {
          throw new Error('the connection is gone')
        }
      })
      const { service, attempts, publish, closed } = one(world, transport)
      await service.start()
      await publish('a')
      await closed()
      await until('it is resolved', async () => (await service.parked.list()).length === 0)
      assert.ok(lost > 0)
      assert.deepEqual(attempts, [1, 2, 3])
      assert.deepEqual(await effects(service), ['a'])
    }),
  )

  it(
    'a message that cannot be set aside stays with the transport, and comes again',
    inWorld(async (world) => {
      const store = refusing(sqlite(join(world.dir, 'one.db'), { setUp }), 1)
      const { service, attempts, publish, closed } = one(world, uncounted(world), store)
      await service.start()
      await publish('a')
      await closed()
      assert.deepEqual(attempts, [1, 1, 2, 3])
      assert.deepEqual(await effects(service), ['a'])
      assert.ok(world.warnings.some((text) => text.startsWith('Setting aside placed/g/a: not')))
    }),
  )

  it(
    'set aside it keeps to the rate of its key, and is not looked at before',
    inWorld(async (world) => {
      const store = sqlite(join(world.dir, 'one.db'), { setUp })
      let changes = 0
      const counted: SqliteStore = {
        ...store,
        parked: {
          ...store.parked,
          change: (...args) => {
            changes++
            return store.parked.change(...args)
          },
        },
      }
      const service = world.service('one', { transport: uncounted(world), store: counted })
      const Placed = service.event('placed', orderSchema, { groups: ['g'] })
      const starts: number[] = []
      Placed.consume(
        'g',
        () => {
          starts.push(performance.now())
          if (starts.length < 3) throw new Error('not yet')
        },
        { retry: FAST, order: 'by-key', rate: { perKey: '1/s' } },
      )
      await service.start()
      await service.store.transaction((tx) => Placed.publish(tx, ORDER, { id: 'a', key: 'k' }))
      await until('closed', async () => (await Placed.unreceipted()).length === 0)
      assert.ok(starts[2]! - starts[0]! >= 1_900, `${starts}`)
      // Each attempt: put off for its rate, begun, ended.
      assert.ok(changes <= 10, `${changes} changes`)
    }),
  )

  it(
    'an attempt that was stopped with its service is not counted',
    inWorld(async (world) => {
      const service = world.service('one', { transport: uncounted(world) })
      const Placed = service.event('placed', orderSchema, { groups: ['g'] })
      const second = Promise.withResolvers<void>()
      const attempts: number[] = []
      Placed.consume(
        'g',
        async (_tx, _order, { attempt, signal }) => {
          attempts.push(attempt)
          if (attempts.length === 1) throw new Error('not yet')
          if (attempts.length > 2) return
          second.resolve()
          await new Promise((resolve) => signal.addEventListener('abort', resolve))
        },
        { retry: FAST },
      )
      await service.start()
      await service.store.transaction((tx) => Placed.publish(tx, ORDER, { id: 'a' }))
      await second.promise
      await service.stop({ drainMs: 10 })
      await service.start()
      await until('closed', async () => (await Placed.unreceipted()).length === 0)
      assert.deepEqual(attempts, [1, 2, 2])
    }),
  )
})

function setUp(db: { exec(sql: string): void }): void {
  db.exec('CREATE TABLE IF NOT EXISTS effects (n INTEGER PRIMARY KEY, id TEXT, value TEXT)')
}
