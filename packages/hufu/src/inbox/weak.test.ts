import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Os } from '@hufu/os'
import { nodeOs } from '@hufu/os'
import { fail } from '../outcome.ts'
import type { Order } from '../world.fixture.ts'
import { inWorld, orderSchema, until } from '../world.fixture.ts'
import { weakLock } from './lock.ts'
import { memoryGuard } from './memory-guard.ts'
import { weakToken } from './token.ts'

const ORDER: Order = { sku: 's1', cents: 100 }

/** The machine with a clock that is moved by hand. */
function manual() {
  const time = { ms: 0 }
  const os: Os = { ...nodeOs, clock: { ...nodeOs.clock, mono: () => time.ms } }
  return { time, os }
}

describe('weak idempotency', () => {
  it('a lock runs the work once within its time, and again afterwards', async () => {
    const { time, os } = manual()
    const lock = weakLock({ ttl: '1s', os })
    assert.equal(await lock.run('k', () => 1), 1)
    await assert.rejects(
      lock.run('k', () => 2),
      { code: 'LOCK_HELD' },
    )
    assert.equal(await lock.run('other', () => 3), 3)
    time.ms = 1_000
    assert.equal(await lock.run('k', () => 4), 4, 'weak: the time to live has passed')
  })

  it('a lock whose work failed is free again', async () => {
    const lock = weakLock({ ttl: '1s' })
    const failing = lock.run('k', () => {
      throw new Error('no')
    })
    await assert.rejects(failing, /no/)
    assert.equal(await lock.run('k', () => 1), 1)
  })

  it('two at the same time: one gets the lock', async () => {
    const lock = weakLock({ ttl: '1s' })
    const slow = () => new Promise((resolve) => setTimeout(resolve, 5))
    const both = await Promise.allSettled([lock.run('k', slow), lock.run('k', slow)])
    assert.deepEqual(both.map((one) => one.status).sort(), ['fulfilled', 'rejected'])
  })

  it('a token is good once, within its time, and given back by a failure', async () => {
    const { time, os } = manual()
    const tokens = weakToken({ ttl: '1s', os })
    const token = await tokens.issue()
    const failing = tokens.run(token, () => {
      throw new Error('no')
    })
    await assert.rejects(failing, /no/)
    assert.equal(await tokens.run(token, () => 1), 1)
    await assert.rejects(
      tokens.run(token, () => 2),
      { code: 'TOKEN_USED' },
    )
    await assert.rejects(
      tokens.run('made up', () => 2),
      { code: 'TOKEN_USED' },
    )
    const late = await tokens.issue()
    time.ms = 1_000
    await assert.rejects(
      tokens.run(late, () => 2),
      { code: 'TOKEN_USED' },
    )
  })

  it('the memory guard keeps a bounded number of marks', async () => {
    const guard = memoryGuard(nodeOs.clock, 2)
    for (const key of ['a', 'b', 'c']) await guard.setIfAbsent(key, '1', 60_000)
    assert.equal(await guard.setIfAbsent('c', '2', 60_000), '1')
    assert.equal(await guard.setIfAbsent('a', '2', 60_000), undefined)
  })

  it(
    'a consumer with a weak lock handles an id once and answers repeats with the result',
    inWorld(async (world) => {
      const service = world.service('one')
      const Placed = service.event('placed', orderSchema, { groups: ['g', 'h'] })
      const results: unknown[] = []
      for (const group of ['g', 'h'] as const) {
        Placed.onReceipt(group, (_tx, receipt) => {
          results.push(receipt.outcome === 'done' ? receipt.result : receipt.code)
        })
      }
      let calls = 0
      const guard = weakLock({ ttl: '1m' })
      const consumer = Placed.consumeWeak(
        'g',
        guard,
        (order, { attempt }) => {
          calls++
          if (attempt < 2) throw new Error('again')
          return order.sku
        },
        { retry: { backoff: ['5ms', '5ms'] } },
      )
      Placed.consumeWeak('h', guard, () => {
        throw fail('NO')
      })
      await service.start()
      await service.store.transaction((tx) => Placed.publish(tx, ORDER, { id: 'a' }))
      await until('closed', async () => (await Placed.unreceipted()).length === 0)
      const body = Buffer.from('{"cents":100,"sku":"s1"}')
      await world.transport.publish([
        { event: 'placed', groups: ['g'], id: 'a', headers: {}, body },
      ])
      await until('the repeat is answered', () => consumer.stats().repeated === 1)
      assert.equal(calls, 2)
      assert.deepEqual(results.sort(), ['NO', 's1'])
    }),
  )

  it(
    'a consumer with weak tokens takes a token once, and parks a message whose token is no good',
    inWorld(async (world) => {
      const service = world.service('one')
      const Placed = service.event('placed', orderSchema, { groups: ['g'] })
      const tokens = weakToken({ ttl: '1m' })
      const handled: string[] = []
      Placed.consumeWeak('g', tokens, (_order, { id }) => void handled.push(id))
      await service.start()
      const token = await tokens.issue()
      const publish = (id: string, headers: Record<string, string>) =>
        service.store.transaction((tx) => Placed.publish(tx, ORDER, { id, headers }))
      await publish('a', { token })
      await until('handled', () => handled.length === 1)
      await publish('b', { token })
      await publish('c', {})
      const rows = await until('parked', async () => {
        const found = await service.parked.list()
        return found.length === 2 && found
      })
      const causes = rows.map((row) => [row.id, row.cause]).sort()
      assert.deepEqual(causes, [
        ['b', 'TOKEN_USED'],
        ['c', 'TOKEN_MISSING'],
      ])
      assert.deepEqual(handled, ['a'])
    }),
  )

  it(
    'what a person decides while the work runs holds, also when the work fails after it',
    inWorld(async (world) => {
      const service = world.service('one')
      const Placed = service.event('placed', orderSchema, { groups: ['g'] })
      const gate = Promise.withResolvers<void>()
      let calls = 0
      const work = async () => {
        if (++calls === 2) await gate.promise
        throw new Error('broken')
      }
      const retry = { max: 1, backoff: ['10ms', '10ms'] } as const
      const consumer = Placed.consumeWeak('g', weakLock({ ttl: '1m' }), work, { retry })
      await service.start()
      await service.store.transaction((tx) => Placed.publish(tx, ORDER, { id: 'a' }))
      const [row] = await until('parked', async () => {
        const found = await service.parked.list({ state: 'parked' })
        return found.length === 1 && found
      })
      const decision = { reason: 'try', by: 'me' }
      await service.parked.retry(row!.ref, decision)
      await until('it runs again', () => calls === 2)
      await service.parked.discard(row!.ref, decision)
      gate.resolve()
      await until('it has ended', () => consumer.stats().repeated === 1)
      assert.deepEqual(await service.parked.list(), [])
      const [resolved] = await service.parked.list({ state: 'resolved' })
      assert.equal(resolved!.resolution, 'discarded')
      assert.equal(world.alerts.length, 1)
    }),
  )
})
