import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import type { Place } from '../../inbox/consume.fixture.ts'
import { weakLock } from '../../inbox/lock.ts'
import { later } from '../../outcome.ts'
import type { Service } from '../../world.fixture.ts'
import { effect, effects, orderSchema, until } from '../../world.fixture.ts'
import { inServer } from './library.fixture.ts'
import { endServer, SERVERS } from './server.fixture.ts'

after(endServer)

const ORDER = { sku: 's1', cents: 100 }
const GROUPS = { groups: ['g'] } as const
const FAST = { max: 5, backoff: ['10ms', '40ms'] } as const

/** A service that is producer and consumer; with another's store: an instance of the same. */
function one(place: Place, store?: Service['store']) {
  const service = place.service('one', store && { store })
  const Placed = service.event('placed', orderSchema, GROUPS)
  const publish = (...ids: string[]) =>
    service.store.transaction(async (tx) => {
      for (const id of ids) await Placed.publish(tx, ORDER, { id, key: id[0]! })
    })
  const closed = () => until('all closed', async () => (await Placed.unreceipted()).length === 0)
  return { service, Placed, publish, closed }
}

const RULES: Readonly<Record<string, (place: Place) => Promise<void>>> = {
  'a receipt whose handler fails is retried from the parked work, its attempts counted': async (
    place,
  ) => {
    const { service, Placed, publish, closed } = one(place)
    let runs = 0
    Placed.consume('g', () => 'answer')
    Placed.onReceipt('g', (tx, receipt) => {
      effect(tx, `${receipt.group} ${receipt.outcome}`)
      if (++runs < 3) throw new Error('not yet')
    })
    await service.start()
    await publish('a')
    const waiting = () => service.parked.list({ kind: 'receipt', state: 'waiting' })
    const [row] = await until('it waits', async () => (await waiting())[0] && (await waiting()))
    assert.deepEqual([row!.event, row!.group, row!.id], ['placed', 'g', 'a'])
    await closed()
    assert.deepEqual(await effects(service), ['g done'])
    assert.equal(runs, 3)
  },

  'a receipt that cannot be read is parked, also when it was delivered before': async (place) => {
    const { service } = one(place)
    const { transport } = place
    await transport.open()
    const [event, group] = ['hufu.receipts', 'one']
    await transport.declare(event, [group])
    const bad = { event, groups: [group], id: 'x', headers: {}, body: Buffer.from('no receipt') }
    assert.deepEqual(await transport.publish([bad]), [{ ok: true }])
    let taken = 0
    const subscription = await transport.subscribe({
      ...{ event, group, credit: 1, keyOrder: false, onEnd: () => {} },
      onDeliveries: () => taken++,
    })
    await until('it is taken', () => taken === 1)
    await subscription.close()
    await service.start()
    const parked = () => service.parked.list({ kind: 'receipt', state: 'parked' })
    const row = await until('it is parked', async () => (await parked())[0])
    assert.deepEqual([row.id, row.cause], ['x', 'PAYLOAD_INVALID'])
    await transport.close()
  },

  'weak and by key: messages behind one that is retried wait for it, others do not': async (
    place,
  ) => {
    const { service, Placed, publish, closed } = one(place)
    const seen: string[] = []
    Placed.consumeWeak(
      'g',
      weakLock({ ttl: '1m' }),
      (_order, { id, attempt }) => {
        if (id === 'a1' && attempt < 3) throw new Error('not yet')
        seen.push(id)
      },
      { order: 'by-key', retry: FAST },
    )
    await service.start()
    await publish('a1', 'a2', 'b1', 'a3')
    await closed()
    assert.deepEqual(
      seen.filter((id) => id !== 'b1'),
      ['a1', 'a2', 'a3'],
    )
  },

  'what is put off for long is stored with its time, counts no attempt, and its key waits': async (
    place,
  ) => {
    const { service, Placed, publish, closed } = one(place)
    let off = true
    Placed.consume(
      'g',
      (tx, _order, { id, attempt }) => {
        if (id === 'a1' && off) throw later('1h')
        effect(tx, `${id} ${attempt}`)
      },
      { order: 'by-key' },
    )
    await service.start()
    await publish('a1', 'a2', 'b1')
    await until('the other key', async () => (await effects(service)).includes('b1 1'))
    const rows = await until('both wait', async () => {
      const found = await service.parked.list({ state: 'waiting' })
      return found.length === 2 && found
    })
    assert.deepEqual(
      rows.map(({ id, cause, attempts }) => [id, cause, attempts]),
      [
        ['a1', 'LATER', 0],
        ['a2', 'BEHIND', 0],
      ],
    )
    assert.ok(rows[0]!.nextAttemptAt! > Date.now() + 3_000_000)
    off = false
    await service.parked.retry(rows[0]!.ref, { reason: 'now', by: 'somebody' })
    await closed()
    assert.deepEqual(await effects(service), ['b1 1', 'a1 1', 'a2 1'])
  },

  'two instances, one database: retried work is run by one of them at a time': async (place) => {
    const first = one(place)
    const second = one(place, first.service.store)
    let running = 0
    let most = 0
    const attempts: number[] = []
    for (const { service, Placed } of [first, second]) {
      Placed.consume(
        'g',
        async (tx, _order, { id, attempt }) => {
          most = Math.max(most, ++running)
          attempts.push(attempt)
          await new Promise((resolve) => setTimeout(resolve, 5))
          running--
          if (attempt < 4) throw new Error('not yet')
          effect(tx, id)
        },
        { retry: FAST },
      )
      await service.start()
    }
    await first.publish('a')
    await first.closed()
    assert.deepEqual(attempts, [1, 2, 3, 4])
    assert.equal(most, 1)
  },

  'two instances by key: one takes over from the other, each key in order': async (place) => {
    const first = one(place)
    const second = one(place, first.service.store)
    const done: string[] = []
    for (const [at, { service, Placed }] of [first, second].entries()) {
      Placed.consume(
        'g',
        async (tx, _order, { id, attempt }) => {
          await new Promise((resolve) => setTimeout(resolve, 3))
          if (id.endsWith('3') && attempt < 3) throw new Error('again')
          effect(tx, id)
          done.push(`${at} ${id}`)
        },
        { order: 'by-key', retry: FAST },
      )
      await service.start()
    }
    const ids = [...Array(40).keys()].flatMap((n) => [`a${n}`, `b${n}`])
    await second.publish(...ids)
    await until('some are done', () => done.length > 10)
    await first.service.stop()
    await second.closed()
    const of = (key: string, from: readonly string[]) => from.filter((id) => id.startsWith(key))
    const order = await effects(second.service)
    for (const key of ['a', 'b']) assert.deepEqual(of(key, order), of(key, ids))
    assert.ok(done.some((each) => each.startsWith('1')))
  },
}

for (const name of SERVERS) {
  describe(`the library over amqp on ${name}`, () => {
    for (const [rule, holds] of Object.entries(RULES)) it(rule, inServer(name, holds))
  })
}
