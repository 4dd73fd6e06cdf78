import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { QueueOptions } from '../options.ts'
import { bodyOf, numbers, refusal, type Taker, World } from './world.fixture.ts'

const ORDERED = { keyOrder: true }

async function worldWith(options: QueueOptions = {}, limits = {}, seed = 1): Promise<World> {
  const world = new World(seed)
  await world.open(limits)
  await world.do(world.broker.declareQueue('a', options))
  return world
}

/** Publishes `a1 b1 a2 b2 …` under the keys `a`, `b`, …, each in turn. */
async function publishKeys(world: World, keys: string, count: number): Promise<void> {
  for (let n = 1; n <= count; n++) {
    await world.do(
      Promise.all(
        [...keys].map((key) => {
          return world.broker.publish({ queues: ['a'], body: Buffer.from(`${key}${n}`), key })
        }),
      ),
    )
  }
}

/** Bodies that came with this key, without repeats. */
function ofKey(bodies: readonly string[], key: string): string[] {
  return [...new Set(bodies.filter((body) => body.startsWith(key)))]
}

const expected = (key: string, count: number) => numbers(count).map((n) => `${key}${n}`)

test('of one key one message is unsettled at a time, other keys and no key flow', async () => {
  const world = await worldWith()
  await publishKeys(world, 'ab', 3)
  await world.publishAll('a', ['free1', 'free2'])
  const taker = world.take('a', ORDERED)
  await world.pass(100)
  assert.deepEqual(taker.bodies, ['a1', 'b1', 'free1', 'free2'])
  await taker.done(taker.seen[1]!)
  await world.pass(100)
  assert.deepEqual(taker.bodies.slice(4), ['b2'])
  await taker.done(taker.seen[0]!, taker.last)
  await world.pass(100)
  assert.deepEqual(taker.bodies.slice(5).sort(), ['a2', 'b3'])
})

test('the next of a key comes only when the settle of the one before is on disk', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const world = await worldWith({}, {}, seed)
    await publishKeys(world, 'a', 2)
    const taker = world.take('a', ORDERED)
    await world.pass(100)
    let confirmed = false
    const early: string[] = []
    taker.onDelivery = (delivery) => {
      if (!confirmed) early.push(bodyOf(delivery))
    }
    const settling = taker.subscription.settle([{ id: taker.last.id, outcome: 'done' }])
    void settling.then(() => {
      confirmed = true
    })
    await world.pass(100)
    assert.deepEqual([taker.bodies, early], [['a1', 'a2'], []])
  }
})

test('without keyOrder keys do not matter', async () => {
  const world = await worldWith()
  await publishKeys(world, 'a', 5)
  const taker = world.take('a')
  await world.pass(100)
  assert.deepEqual(taker.bodies, expected('a', 5))
})

test('several consumers share the keys, and never have two of one key between them', async () => {
  const world = await worldWith()
  await publishKeys(world, 'abcdef', 4)
  const takers = [1, 2, 3].map(() => world.take('a', { ...ORDERED, credit: 2 }))
  const busy = new Set<string>()
  const order: string[] = []
  for (const taker of takers) {
    taker.onDelivery = (delivery) => {
      const body = bodyOf(delivery)
      const key = body[0]!
      assert.ok(!busy.has(key), `${body} came while another of its key was unsettled`)
      busy.add(key)
      order.push(body)
      world.os.clock.timer(world.sim.random.next() * 50, () => {
        busy.delete(key)
        void taker.subscription.settle([{ id: delivery.id, outcome: 'done' }])
      })
    }
  }
  await world.pass(5_000)
  for (const key of 'abcdef') assert.deepEqual(ofKey(order, key), expected(key, 4))
  assert.deepEqual(world.warnings, [])
  assert.ok(takers.every(({ seen }) => seen.length > 0))
})

test('a message that waits for its retry holds up its key, not the others', async () => {
  const world = await worldWith({ retryFirstMs: 1_000 })
  await publishKeys(world, 'ab', 3)
  const taker = world.take('a', ORDERED)
  taker.onDelivery = ({ id, body, attempts }) => {
    const fails = Buffer.from(body).toString() === 'a1' && attempts < 2
    void taker.subscription.settle([{ id, outcome: fails ? 'retry' : 'done' }])
  }
  await world.pass(900)
  assert.deepEqual(taker.bodies, ['a1', 'b1', 'b2', 'b3'])
  await world.pass(5_000)
  assert.deepEqual(taker.bodies.slice(4), ['a1', 'a1', 'a2', 'a3'])
})

test('a message put off with `later` holds up its key as well', async () => {
  const world = await worldWith()
  await publishKeys(world, 'a', 2)
  const taker = world.take('a', ORDERED)
  await world.pass(100)
  await taker.settle({ id: taker.last.id, outcome: 'later', delayMs: 1_000 })
  await world.pass(500)
  assert.deepEqual(taker.bodies, ['a1'])
  await world.pass(1_000)
  await taker.done(taker.last)
  await world.pass(100)
  assert.deepEqual(taker.bodies, ['a1', 'a1', 'a2'])
})

test('a message given up, parked or dead-lettered, lets its key go on', async () => {
  for (const deadLetter of [undefined, 'dead']) {
    const world = new World()
    await world.open()
    await world.do(world.broker.declareQueue('dead'))
    const options = { maxAttempts: 2, retryFirstMs: 1 }
    await world.do(
      world.broker.declareQueue('a', deadLetter ? { ...options, deadLetter } : options),
    )
    await publishKeys(world, 'ab', 3)
    const taker = world.take('a', ORDERED)
    taker.onDelivery = ({ id, body }) => {
      const outcome = Buffer.from(body).toString() === 'a1' ? 'retry' : 'done'
      void taker.subscription.settle([{ id, outcome }])
    }
    await world.pass(1_000)
    assert.deepEqual(ofKey(taker.bodies, 'a'), expected('a', 3))
    assert.deepEqual(ofKey(taker.bodies, 'b'), expected('b', 3))
    assert.deepEqual(
      [world.stats('a').parked, world.stats('dead').ready],
      deadLetter ? [0, 1] : [1, 0],
    )
  }
})

test('what a closed consumer had comes first of its key', async () => {
  const world = await worldWith()
  await publishKeys(world, 'ab', 3)
  const first = world.take('a', ORDERED)
  await world.pass(100)
  assert.deepEqual(first.bodies, ['a1', 'b1'])
  await first.close()
  const second = world.take('a', ORDERED).settleAll()
  await world.pass(1_000)
  for (const key of 'ab') assert.deepEqual(ofKey(second.bodies, key), expected(key, 3))
})

test('a delayed message that has come due does not overtake earlier ones of its key', async () => {
  const world = await worldWith()
  const more = { key: 'k' }
  await world.publish('a', '1', more)
  await world.publish('a', '2', { ...more, delayMs: 10 })
  await world.publish('a', '3', more)
  await world.pass(1_000)
  const taker = world.take('a', ORDERED).settleAll()
  await world.pass(1_000)
  assert.deepEqual(taker.bodies, ['1', '2', '3'])
})

test('order holds where consumers without keyOrder have just gone', async () => {
  for (const outcome of ['retry', 'close', 'unequal'] as const) {
    const world = await worldWith({ retryFirstMs: 300 })
    await publishKeys(world, 'a', 6)
    const loose = world.take('a', { credit: 4 })
    await world.pass(100)
    const [one, , three] = loose.seen
    if (outcome === 'retry') {
      const batch = [three!, one!].map(({ id }) => ({ id, outcome }) as const)
      void loose.subscription.settle(batch)
    }
    if (outcome === 'unequal') {
      const retry = { outcome: 'retry' } as const
      const batch = [
        { id: three!.id, ...retry, delayMs: 900 },
        { id: one!.id, ...retry },
      ]
      void loose.subscription.settle(batch)
    }
    void loose.subscription.close()
    const taker = world.take('a', ORDERED).settleAll()
    await world.pass(5_000)
    assert.deepEqual(taker.bodies, expected('a', 6), outcome)
  }
})

test('keyOrder and no keyOrder do not mix on one queue', async () => {
  const world = await worldWith()
  const ordered = world.take('a', ORDERED)
  const text = /^Cannot subscribe to a: its consumers have keyOrder true, all must have the same$/
  assert.throws(() => world.take('a'), refusal('ARGUMENT', text))
  assert.equal(world.stats('a').consumers, 1)
  await ordered.close()
  const loose = world.take('a')
  const other = /its consumers have keyOrder false, all must have the same$/
  assert.throws(() => world.take('a', ORDERED), refusal('ARGUMENT', other))
  await loose.close()
  world.take('a', ORDERED)
})

test('at asidePerQueueMax delivery waits, and goes on when a key is settled', async () => {
  const world = await worldWith({}, { asidePerQueueMax: 5 })
  await publishKeys(world, 'a', 8)
  await publishKeys(world, 'b', 1)
  const taker = world.take('a', ORDERED)
  await world.pass(100)
  assert.deepEqual(taker.bodies, ['a1'])
  taker.settleAll()
  await taker.done(taker.last)
  await world.pass(1_000)
  assert.deepEqual(ofKey(taker.bodies, 'a'), expected('a', 8))
  assert.ok(taker.bodies.includes('b1'))
})

/** A consumer that does anything at all with what it gets; notes what it has settled as done. */
function unsteady(world: World, applied: Map<string, number[]>): Taker {
  const { random } = world.sim
  const taker = world.take('a', { ...ORDERED, credit: 1 + random.below(8) })
  taker.onDelivery = ({ id, body }) => {
    const [key, n] = Buffer.from(body).toString().split(':') as [string, string]
    const seen = applied.get(key) ?? []
    applied.set(key, seen)
    const last = seen.at(-1) ?? 0
    assert.ok(Number(n) <= last + 1, `${key}: ${n} came after ${last}`)
    if (Number(n) === last + 1) seen.push(Number(n))
    world.os.clock.timer(random.next() * 20, () => {
      const roll = random.next()
      const delayMs = random.next() * 50
      const outcome = roll < 0.6 ? 'done' : roll < 0.8 ? 'retry' : 'later'
      void taker.subscription.settle([{ id, outcome, delayMs }]).catch(() => undefined)
    })
  }
  return taker
}

async function liveThrough(seed: number): Promise<void> {
  const world = await worldWith({ maxAttempts: 0 }, { checkpointBytes: 4_096 }, seed)
  const keys = 'abcde'
  const counts = new Map<string, number>()
  const applied = new Map<string, number[]>()
  for (let life = 0; life < 4; life++) {
    const takers = [unsteady(world, applied), unsteady(world, applied)]
    for (let i = 0; i < 20; i++) {
      const key = keys[world.sim.random.below(keys.length)]!
      const n = (counts.get(key) ?? 0) + 1
      counts.set(key, n)
      await world.publish('a', `${key}:${n}`, { key })
      if (world.sim.random.chance(0.1)) void takers.pop()?.subscription.close()
    }
    await world.pass(world.sim.random.next() * 100)
    await world.killAndOpen({ checkpointBytes: 4_096 })
  }
  unsteady(world, applied)
  await world.pass(60_000)
  const { bytes } = world.stats('a')
  assert.deepEqual(world.warnings, [], `seed ${seed}`)
  assert.equal(bytes, 0, `seed ${seed}: all settled in the end`)
  for (const [key, count] of counts) {
    assert.deepEqual(applied.get(key), numbers(count).map(Number), `seed ${seed}, key ${key}`)
  }
}

test('order per key holds under retries, consumers that come and go, and kills', async () => {
  for (let seed = 1; seed <= 60; seed++) await liveThrough(seed)
})
