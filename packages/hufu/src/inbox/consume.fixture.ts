import assert from 'node:assert/strict'
import { fail, later } from '../outcome.ts'
import type { Transport } from '../ports/transport.ts'
import type { Alert } from '../service/alert.ts'
import type { Order, Service } from '../world.fixture.ts'
import { effect, effects, orderSchema, until } from '../world.fixture.ts'
import type { ConsumeOptions } from './options.ts'

const ORDER: Order = { sku: 's1', cents: 100 }
const GROUPS = { groups: ['g'] } as const
const FAST = { max: 3, backoff: ['10ms', '40ms'] } as const

/** A service that is producer and only consumer. */
function one(world: Place) {
  const service = world.service('one')
  const Placed = service.event('placed', orderSchema, GROUPS)
  const publish = (...ids: string[]) =>
    service.store.transaction(async (tx) => {
      for (const id of ids) await Placed.publish(tx, ORDER, { id, key: id[0]! })
    })
  const closed = () => until('all closed', async () => (await Placed.unreceipted()).length === 0)
  return { service, Placed, publish, closed }
}

const send = (world: Place, id: string, body: string, key?: string) =>
  world.transport.publish([
    {
      event: 'placed',
      groups: ['g'],
      id,
      headers: {},
      body: Buffer.from(body),
      ...(key && { key }),
    },
  ])

const parked = (service: Service) => service.parked.list({ state: 'parked' })

const parkedCount = (service: Service, count: number) =>
  until(`${count} parked`, async () => (await parked(service)).length === count)

/** Where a rule is tried: a transport, services on it and their alerts. */
export interface Place {
  readonly transport: Transport
  readonly alerts: readonly Alert[]
  /** `store`: shared with another service, instead of one of its own. */
  service(name: string, options?: { readonly store: Service['store'] }): Service
}

/** What a consumer can count on, whatever carries the messages. */
export const CONSUME_RULES: Readonly<Record<string, (place: Place) => Promise<void>>> = {
  'N deliveries of one id have one effect, and each repeat is answered': async (world) => {
    const { service, Placed } = one(world)
    const consumer = Placed.consume('g', (tx, _order, { id }) => effect(tx, id))
    await service.start()
    for (let n = 0; n < 5; n++) await send(world, 'a', '{"sku":"s","cents":1}')
    await until('four repeats', () => consumer.stats().repeated === 4)
    assert.deepEqual(await effects(service), ['a'])
  },

  'an error is retried with attempts counted, its effects rolled back, until it succeeds': async (
    world,
  ) => {
    const { service, Placed, publish, closed } = one(world)
    const attempts: number[] = []
    Placed.consume(
      'g',
      (tx, _order, { id, attempt }) => {
        attempts.push(attempt)
        effect(tx, id)
        if (attempt < 3) throw new Error('not yet')
      },
      { retry: FAST },
    )
    await service.start()
    await publish('a')
    await closed()
    assert.deepEqual(attempts, [1, 2, 3])
    assert.deepEqual(await effects(service), ['a'])
    assert.deepEqual(await service.parked.list(), [])
  },

  'used-up retries park the message with its cause and an alert; others go on': async (world) => {
    const { service, Placed, publish } = one(world)
    Placed.consume(
      'g',
      (tx, _order, { id }) => {
        if (id === 'a1') throw new Error('broken')
        effect(tx, id)
      },
      { retry: FAST, order: 'by-key' },
    )
    await service.start()
    await publish('a1', 'a2', 'b1')
    await parkedCount(service, 1)
    await until('the others', async () => (await effects(service)).length === 2)
    const [row] = await service.parked.list({
      event: 'placed',
      group: 'g',
      key: 'a',
      state: 'parked',
    })
    const { kind, id, cause, detail, attempts, nextAttemptAt, state } = row!
    assert.deepEqual(
      { kind, id, cause, detail, attempts, nextAttemptAt, state },
      {
        kind: 'consume',
        id: 'a1',
        cause: 'EXHAUSTED',
        detail: 'broken',
        attempts: 3,
        nextAttemptAt: null,
        state: 'parked',
      },
    )
    assert.deepEqual(
      world.alerts.map((alert) => [alert.id, alert.cause, alert.ref]),
      [['a1', 'EXHAUSTED', row!.ref]],
    )
    assert.equal((await service.stats()).parked, 1)
  },

  'later() brings the message again and counts no attempt': async (world) => {
    const { service, Placed, publish, closed } = one(world)
    const attempts: number[] = []
    Placed.consume('g', (_tx, _order, { attempt }) => {
      attempts.push(attempt)
      if (attempts.length < 4) throw later('10ms')
    })
    await service.start()
    await publish('a')
    await closed()
    assert.deepEqual(attempts, [1, 1, 1, 1])
  },

  'a payload that the schema refuses, or that is no JSON, is parked at once': async (world) => {
    const { service, Placed } = one(world)
    let calls = 0
    Placed.consume('g', () => void calls++)
    await service.start()
    await send(world, 'a', '{"sku":"s","cents":0}')
    await send(world, 'b', '{')
    await parkedCount(service, 2)
    const rows = await parked(service)
    assert.deepEqual(
      rows.map((row) => [row.cause, row.attempts]),
      [
        ['PAYLOAD_INVALID', 1],
        ['PAYLOAD_INVALID', 1],
      ],
    )
    assert.equal(calls, 0)
  },

  'an id that comes with another body is parked, and has no effect': async (world) => {
    const { service, Placed } = one(world)
    Placed.consume('g', (tx, order) => effect(tx, order.sku))
    await service.start()
    await send(world, 'a', '{"sku":"s1","cents":1}')
    await until('the effect', async () => (await effects(service)).length === 1)
    await send(world, 'a', '{"sku":"s2","cents":1}')
    await parkedCount(service, 1)
    assert.equal((await parked(service))[0]?.cause, 'ID_REUSED')
    assert.deepEqual(await effects(service), ['s1'])
  },

  'by key: one after another in order, also when one is retried; other keys do not wait': async (
    world,
  ) => {
    const { service, Placed, publish, closed } = one(world)
    let running = 0
    let most = 0
    Placed.consume(
      'g',
      async (tx, _order, { id, key, attempt }) => {
        if (key === 'a') most = Math.max(most, ++running)
        await new Promise((resolve) => setTimeout(resolve, 2))
        if (key === 'a') running--
        if (id === 'a0' && attempt < 3) throw new Error('again')
        effect(tx, id)
      },
      { order: 'by-key', retry: FAST },
    )
    await service.start()
    await publish(...[...Array(8).keys()].flatMap((n) => [`a${n}`, `b${n}`]))
    await closed()
    const done = await effects(service)
    const of = (key: string) => done.filter((id) => id.startsWith(key))
    assert.deepEqual(of('a'), ['a0', 'a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7'])
    assert.deepEqual(of('b'), ['b0', 'b1', 'b2', 'b3', 'b4', 'b5', 'b6', 'b7'])
    assert.equal(most, 1)
    assert.ok(done.indexOf('b0') < done.indexOf('a0'))
  },

  'a handler that takes too long is rolled back, its signal aborts, and it is retried': async (
    world,
  ) => {
    const { service, Placed, publish, closed } = one(world)
    const aborted: boolean[] = []
    const consume: ConsumeOptions = { timeout: '40ms', retry: FAST }
    Placed.consume(
      'g',
      async (tx, _order, { id, attempt, signal }) => {
        effect(tx, `${id} ${attempt}`)
        if (attempt === 2) return
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        aborted.push(signal.aborted)
      },
      consume,
    )
    await service.start()
    await publish('a')
    await closed()
    assert.deepEqual(await effects(service), ['a 2'])
    assert.deepEqual(aborted, [true])
  },

  'concurrency and rate are kept, and may change while it runs': async (world) => {
    const { service, Placed, publish, closed } = one(world)
    const starts: number[] = []
    const consumer = Placed.consume('g', () => void starts.push(performance.now()), {
      rate: '20/s',
      concurrency: 2,
    })
    await service.start()
    const from = performance.now()
    await publish(...[...Array(40).keys()].map((n) => `a${n}`))
    await until('some have run', () => starts.length >= 8)
    // A burst is 100 ms worth: two. Seen from outside a start can only be late, not early.
    for (const [n, at] of starts.entries()) assert.ok(at - from >= ((n + 1 - 2) / 20) * 1_000)
    consumer.setRate(undefined)
    consumer.setConcurrency(16)
    await closed()
    assert.equal(starts.length, 40)
  },

  'pause takes no more messages until resume': async (world) => {
    const { service, Placed, publish, closed } = one(world)
    const consumer = Placed.consume('g', (tx, _order, { id }) => effect(tx, id))
    await service.start()
    consumer.pause()
    await publish('a')
    await until('it waits here', () => consumer.stats().waiting === 1)
    assert.deepEqual(await effects(service), [])
    consumer.resume()
    await closed()
  },

  'a consumer may be added, and an event defined, after start': async (world) => {
    const { service, Placed, publish, closed } = one(world)
    await service.start()
    await publish('a')
    Placed.consume('g', (tx, _order, { id }) => effect(tx, id))
    await closed()
    const Late = service.event('late', orderSchema, { groups: ['h'] })
    Late.consume('h', (tx, _order, { id }) => effect(tx, `late ${id}`))
    await service.store.transaction((tx) => Late.publish(tx, ORDER, { id: 'b' }))
    await until('closed', async () => (await Late.unreceipted()).length === 0)
    assert.deepEqual(await effects(service), ['a', 'late b'])
  },

  'stop waits for handlers at work, then aborts them; what was not done comes again': async (
    world,
  ) => {
    const { service, Placed, publish, closed } = one(world)
    const started = Promise.withResolvers<void>()
    let runs = 0
    Placed.consume('g', async (tx, _order, { id, signal }) => {
      effect(tx, id)
      if (runs++ > 0) return
      started.resolve()
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
    })
    await service.start()
    await publish('a')
    await started.promise
    await service.stop({ drainMs: 20 })
    await service.start()
    await closed()
    assert.deepEqual(await effects(service), ['a'])
    assert.equal(runs, 2)
  },

  'a rate per key holds back only its key, which keeps its order': async (world) => {
    const { service, Placed, publish, closed } = one(world)
    const options = { order: 'by-key', rate: { perKey: '5/s' } } as const
    Placed.consume('g', (tx, _order, { id }) => effect(tx, id), options)
    await service.start()
    const from = performance.now()
    await publish('a1', 'a2', 'a3', 'b1')
    await closed()
    // Three of one key: the first at once, then one in 200 ms.
    assert.ok(performance.now() - from >= 400)
    const done = await effects(service)
    assert.ok(done.indexOf('b1') < done.indexOf('a2'))
    assert.deepEqual(
      done.filter((id) => id !== 'b1'),
      ['a1', 'a2', 'a3'],
    )
  },

  'a handler that ends while the service drains is kept': async (world) => {
    const { service, Placed, publish, closed } = one(world)
    const started = Promise.withResolvers<void>()
    let runs = 0
    Placed.consume('g', async (tx, _order, { id }) => {
      runs++
      started.resolve()
      await new Promise((resolve) => setTimeout(resolve, 30))
      effect(tx, id)
    })
    await service.start()
    await publish('a')
    await started.promise
    await service.stop()
    await service.start()
    await closed()
    assert.deepEqual(await effects(service), ['a'])
    assert.equal(runs, 1)
  },

  'options that cannot be kept are refused': async (world) => {
    const { Placed } = one(world)
    const refused = (options: object, code: string, group = 'g') =>
      assert.throws(() => Placed.consume(group as 'g', () => {}, options), { code })
    refused({ exhausted: 'park-key' }, 'ARGUMENT')
    refused({ rate: { perKey: '1/s' } }, 'ARGUMENT')
    refused({ concurrency: 0 }, 'ARGUMENT')
    refused({ rate: 'fast' }, 'ARGUMENT')
    refused({ retry: { max: 0 } }, 'ARGUMENT')
    refused({ timeout: 'soon' }, 'ARGUMENT')
    refused({}, 'GROUP_UNKNOWN', 'nobody')
    Placed.consume('g', () => fail('X'))
    refused({}, 'CONSUMER_DUPLICATE')
  },
}
