import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Settlement } from '../api.ts'
import type { QueueOptions } from '../options.ts'
import { numbers, refusal, type Taker, World } from './world.fixture.ts'

async function worldWith(options: QueueOptions = {}, bodies: readonly string[] = ['x']) {
  const world = new World()
  await world.open()
  await world.do(world.broker.declareQueue('a', options))
  await world.publishAll('a', bodies)
  const taker = world.take('a', { credit: 1 })
  await world.pass(100)
  return { world, taker }
}

/** Settles the last delivery and says how long it took until the next one came, ms. */
async function waited(world: World, taker: Taker, settlement: Omit<Settlement, 'id'>) {
  const before = taker.seen.length
  let came = 0
  taker.onDelivery = () => {
    came = world.broker.stats().time
  }
  const from = world.broker.stats().time
  await taker.settle({ id: taker.last.id, ...settlement } as Settlement)
  await world.pass(3_000_000)
  assert.equal(taker.seen.length, before + 1)
  return came - from
}

function about(ms: number, expected: number): void {
  assert.ok(ms >= expected && ms < expected + 100, `${ms} ms, expected ${expected}`)
}

test('done: the message is gone, also after a crash', async () => {
  const { world, taker } = await worldWith()
  await taker.done(taker.last)
  assert.equal(world.stats('a').bytes, 0)
  await world.killAndOpen()
  assert.equal(world.broker.report.messages, 0)
})

test('a settle resolves when it is on disk, not before', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const world = new World(seed, { diskLatencyMs: [1, 5] })
    await world.open()
    await world.do(world.broker.declareQueue('a'))
    await world.publish('a', 'x')
    const taker = world.take('a')
    await world.pass(500)
    let confirmed = false
    void taker.subscription.settle([{ id: taker.last.id, outcome: 'done' }]).then(() => {
      confirmed = true
    })
    await world.pass(seed / 2)
    const wasConfirmed = confirmed
    await world.killAndOpen()
    if (wasConfirmed) assert.equal(world.broker.report.messages, 0, `seed ${seed}`)
  }
})

test('retry: the delay starts at retryFirstMs, doubles, and stops at retryCapMs', async () => {
  const { world, taker } = await worldWith({ retryFirstMs: 200, retryCapMs: 1_000 })
  for (const expected of [200, 400, 800, 1_000, 1_000]) {
    about(await waited(world, taker, { outcome: 'retry' }), expected)
  }
  assert.equal(taker.last.attempts, 5)
  assert.equal(taker.last.redelivered, true)
})

test('retry: without options 1 s, 2 s, …, at most 10 minutes, 16 deliveries in all', async () => {
  const { world, taker } = await worldWith()
  const usual = numbers(15).map((_, i) => Math.min(600_000, 1_000 * 2 ** i))
  for (const expected of usual) about(await waited(world, taker, { outcome: 'retry' }), expected)
  assert.equal(taker.last.attempts, 15)
  await taker.settle({ id: taker.last.id, outcome: 'retry' })
  await world.pass(3_000_000)
  assert.equal(taker.seen.length, 16)
  assert.equal(world.stats('a').parked, 1)
})

test('retry: a delay of its own goes before the queue’s, above the cap too', async () => {
  const { world, taker } = await worldWith({ retryFirstMs: 200, retryCapMs: 1_000 })
  about(await waited(world, taker, { outcome: 'retry', delayMs: 5_000 } as Settlement), 5_000)
  about(await waited(world, taker, { outcome: 'retry', delayMs: 0 } as Settlement), 0)
  assert.equal(taker.last.attempts, 2)
  about(await waited(world, taker, { outcome: 'retry' }), 800)
})

test('later: comes again after its time and does not count as an attempt', async () => {
  const { world, taker } = await worldWith({ maxAttempts: 2 })
  for (let i = 0; i < 5; i++) {
    about(await waited(world, taker, { outcome: 'later', delayMs: 700 } as Settlement), 700)
    assert.equal(taker.last.attempts, 0)
    assert.equal(taker.last.redelivered, true)
  }
})

test('maxAttempts 0: it is tried without end', async () => {
  const { world, taker } = await worldWith({ maxAttempts: 0, retryFirstMs: 1, retryCapMs: 1 })
  for (let i = 1; i <= 40; i++) {
    await waited(world, taker, { outcome: 'retry' })
    assert.equal(taker.last.attempts, i)
  }
})

test('reject: parked at once without a dead-letter queue, listed, kept over restarts', async () => {
  const { world, taker } = await worldWith({}, ['x', 'y'])
  const { id } = taker.last
  await taker.settle({ id, outcome: 'reject', cause: 'broken' })
  await world.pass(100)
  assert.deepEqual(taker.bodies, ['x', 'y'], 'others flow')
  for (const restart of [false, true]) {
    if (restart) await world.killAndOpen()
    const [first] = await world.do(world.broker.peek('a'))
    assert.equal(first?.id, id)
    assert.equal(first?.state, 'parked')
    assert.equal(first?.attempts, 1)
    assert.equal(Buffer.from(first?.body ?? []).toString(), 'x')
    assert.equal(world.stats('a').parked, 1)
  }
})

test('a parked message is delivered again, or removed, when a person says so', async () => {
  const { world, taker } = await worldWith({}, ['x', 'y'])
  taker.onDelivery = ({ id }) => void taker.subscription.settle([{ id, outcome: 'reject' }])
  await taker.settle({ id: taker.last.id, outcome: 'reject' })
  await world.pass(1_000)
  assert.equal(world.stats('a').parked, 2)
  const [x, y] = await world.do(world.broker.peek('a'))
  assert.equal(await world.do(world.broker.resolve('a', y!.id, 'remove')), true)
  assert.equal(await world.do(world.broker.resolve('a', y!.id, 'remove')), false)
  assert.equal(await world.do(world.broker.resolve('a', x!.id, 'deliver')), true)
  await world.pass(1_000)
  assert.deepEqual(taker.bodies, ['x', 'y', 'x'])
  assert.deepEqual([taker.last.attempts, taker.last.redelivered], [1, true])
  assert.equal(world.stats('a').parked, 1, 'rejected again')
})

test('a delayed message is delivered now, or removed, when a person says so', async () => {
  const { world, taker } = await worldWith({}, [])
  const x = await world.publish('a', 'x', { delayMs: 1e7 })
  const y = await world.publish('a', 'y', { delayMs: 1e7 })
  assert.equal(await world.do(world.broker.resolve('a', x, 'deliver')), true)
  assert.equal(await world.do(world.broker.resolve('a', y, 'remove')), true)
  await world.pass(2e7)
  assert.deepEqual(taker.bodies, ['x'])
})

test('a person has no say over what a consumer has, or over what is not there', async () => {
  const { world, taker } = await worldWith()
  assert.equal(await world.do(world.broker.resolve('a', taker.last.id, 'remove')), false)
  assert.equal(await world.do(world.broker.resolve('a', 999, 'deliver')), false)
  const unknown = refusal('QUEUE_UNKNOWN', /^Cannot resolve message 1 of queue x: there is no/)
  await assert.rejects(world.do(world.broker.resolve('x', 1, 'remove')), unknown)
})

test('a person’s word on a waiting message holds while it is being written', async () => {
  for (const action of ['remove', 'deliver'] as const) {
    const { world, taker } = await worldWith({}, ['x', 'y', 'z'])
    const resolving = world.broker.resolve('a', taker.last.id + 1, action)
    taker.subscription.setCredit(10)
    await taker.done(taker.last)
    assert.equal(await world.do(resolving), true)
    await world.pass(1_000)
    assert.deepEqual(taker.bodies, action === 'remove' ? ['x', 'z'] : ['x', 'y', 'z'])
  }
})

test('peek pages through all messages by id and says how each stands', async () => {
  const { world, taker } = await worldWith({}, numbers(6))
  await taker.settle({ id: taker.last.id, outcome: 'reject' })
  await world.pass(100)
  await taker.settle({ id: taker.last.id, outcome: 'retry' })
  await world.pass(100)
  const all = await world.do(world.broker.peek('a'))
  assert.deepEqual(
    all.map(({ state }) => state),
    ['parked', 'delayed', 'unsettled', 'ready', 'ready', 'ready'],
  )
  assert.ok(all[1]!.dueAt > world.broker.stats().time)
  assert.deepEqual(
    all.filter((_, i) => i !== 1).map(({ dueAt }) => dueAt),
    [0, 0, 0, 0, 0],
  )
  const paged = []
  for (let afterId = 0; ; afterId = paged.at(-1)!.id) {
    const page = await world.do(world.broker.peek('a', { limit: 2, afterId }))
    if (page.length === 0) break
    assert.equal(page.length, 2)
    paged.push(...page)
  }
  assert.deepEqual(paged, all)
  assert.equal(taker.seen.length, 3, 'peeking delivers nothing')
})

test('peek gives 100 messages, or as many as asked for up to 1,000', async () => {
  const { world } = await worldWith({}, numbers(1_200))
  assert.equal((await world.do(world.broker.peek('a'))).length, 100)
  assert.equal((await world.do(world.broker.peek('a', { limit: 5_000 }))).length, 1_000)
  for (const limit of [0, -1, 1.5, Number.NaN]) {
    const refused = refusal(
      'ARGUMENT',
      /^Cannot look into queue a: limit is .*, not a whole number/,
    )
    await assert.rejects(world.do(world.broker.peek('a', { limit })), refused)
  }
})

test('an id that is not unsettled here is ignored, the others are settled', async () => {
  const { world, taker } = await worldWith({}, ['x', 'y'])
  const other = world.take('a', { credit: 1 })
  await world.pass(100)
  const [mine, theirs] = [taker.last.id, other.last.id]
  const done = (id: number) => ({ id, outcome: 'done' }) as const
  await taker.settle(done(theirs), done(999), done(mine), done(mine))
  assert.deepEqual([world.stats('a').unsettled, world.stats('a').ready], [1, 0])
  await other.done(other.last)
  assert.equal(world.stats('a').bytes, 0)
})

test('a batch with bad input is refused as a whole and settles nothing', async () => {
  const { world, taker } = await worldWith({}, ['x', 'y'])
  const { id } = taker.last
  const bad: [object, RegExp][] = [
    [{ outcome: 'maybe' }, /^Cannot settle 2: outcome is maybe$/],
    [{ outcome: 'retry', delayMs: -1 }, /^Cannot settle 2: delayMs is -1$/],
    [{ outcome: 'retry', delayMs: '5' }, /^Cannot settle 2: delayMs is 5$/],
    [{ outcome: 'later', delayMs: Number.NaN }, /^Cannot settle 2: delayMs is NaN$/],
    [{ outcome: 'later' }, /^Cannot settle 2: delayMs is undefined$/],
    [{ outcome: 'reject', cause: new Error('x') }, /^Cannot settle 2: cause is no string$/],
  ]
  for (const [what, text] of bad) {
    const batch = [
      { id, outcome: 'done' },
      { id: 2, ...what },
    ] as Settlement[]
    await assert.rejects(taker.settle(...batch), refusal('ARGUMENT', text))
  }
  assert.equal(world.stats('a').unsettled, 1)
  await taker.done(taker.last)
  await world.pass(100)
  assert.equal(taker.last.id, 2)
})

test('requeue: back to its place at once, as redelivered, its attempts unchanged', async () => {
  const { world, taker } = await worldWith({ maxAttempts: 2, retryFirstMs: 1 }, numbers(3))
  for (let times = 0; times < 5; times++) {
    await taker.settle({ id: taker.last.id, outcome: 'requeue' })
    await world.pass(10)
  }
  assert.deepEqual(taker.bodies, ['1', '1', '1', '1', '1', '1'])
  assert.deepEqual([taker.last.attempts, taker.last.redelivered], [0, true])
  await taker.settle({ id: taker.last.id, outcome: 'retry' })
  await world.pass(0)
  await taker.close()
  const next = world.take('a', { credit: 3 })
  await world.pass(100)
  const again = next.seen.find(({ id }) => id === taker.seen[0]!.id)!
  await next.settle({ id: again.id, outcome: 'requeue' })
  await world.killAndOpen()
  const [first] = await world.do(world.broker.peek('a'))
  assert.deepEqual([first!.attempts, first!.redelivered, first!.state], [1, true, 'ready'])
})

test('requeue in a batch takes effect with its commit', async () => {
  const { world, taker } = await worldWith()
  const batch = world.broker.batch()
  batch.settle(taker.subscription, [{ id: taker.last.id, outcome: 'requeue' }])
  await world.pass(100)
  assert.equal(taker.seen.length, 1)
  await world.do(batch.commit())
  await world.pass(100)
  assert.equal(taker.seen.length, 2)
  assert.equal(taker.last.redelivered, true)
})
