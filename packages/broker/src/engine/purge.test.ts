import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bodyOf, numbers, refusal, World } from './world.fixture.ts'

async function worldWith(bodies: readonly string[], key?: string): Promise<World> {
  const world = new World()
  await world.open()
  await world.do(world.broker.declareQueue('a', { maxAttempts: 1, retryFirstMs: 1 }))
  await world.do(world.broker.declareQueue('b'))
  await world.publishAll('a', bodies, key)
  return world
}

async function kept(world: World): Promise<string[]> {
  const found = await world.do(world.broker.peek('a', { limit: 1_000 }))
  return found.map((one) => `${bodyOf(one)} ${one.state}`)
}

test('a purge removes what is ready, and says how much that was', async () => {
  const world = await worldWith(numbers(300))
  assert.equal(await world.do(world.broker.purge('a')), 300)
  assert.deepEqual(await kept(world), [])
  assert.equal(world.stats('a').bytes, 0)
  assert.equal(await world.do(world.broker.purge('a')), 0)
  await world.publish('a', 'new')
  await world.killAndOpen()
  assert.deepEqual(await kept(world), ['new ready'])
})

test('what is unsettled, delayed or parked stays, also in a later life', async () => {
  const world = await worldWith(numbers(6))
  await world.publish('a', 'later', { delayMs: 1_000_000 })
  const taker = world.take('a', { credit: 4 })
  await world.pass(100)
  const [one, two, three] = taker.seen
  taker.subscription.setCredit(0)
  await taker.settle({ id: one!.id, outcome: 'retry', cause: 'no luck' })
  await taker.settle({ id: two!.id, outcome: 'requeue' })
  assert.equal(await world.do(world.broker.purge('a')), 3)
  const stay = ['1 parked', '3 unsettled', '4 unsettled', 'later delayed']
  assert.deepEqual(await kept(world), stay)
  await taker.settle({ id: three!.id, outcome: 'requeue' })
  await world.killAndOpen()
  assert.deepEqual(await kept(world), ['1 parked', '3 ready', '4 ready', 'later delayed'])
})

test('a purge takes what waits behind a key, and the key goes on', async () => {
  const world = await worldWith(numbers(4), 'key')
  const taker = world.take('a', { keyOrder: true })
  await world.pass(100)
  assert.equal(await world.do(world.broker.purge('a')), 3)
  await world.publishAll('a', ['5'], 'key')
  await world.pass(100)
  assert.deepEqual(taker.bodies, ['1'])
  await taker.done(taker.last)
  await world.pass(100)
  assert.deepEqual(taker.bodies, ['1', '5'])
})

test('what was published before the purge goes, what comes after it stays', async () => {
  const world = await worldWith([])
  const publish = (body: string) => {
    return world.broker.publish({ queues: ['a', 'b'], body: Buffer.from(body) })
  }
  const before = publish('before')
  const purges = [world.broker.purge('a'), world.broker.purge('a')]
  const after = publish('after')
  await world.do(Promise.all([before, after]))
  assert.deepEqual(await world.do(Promise.all(purges)), [1, 0])
  assert.deepEqual(await kept(world), ['after ready'])
  assert.equal(world.stats('b').ready, 2)
  await world.killAndOpen()
  assert.deepEqual(await kept(world), ['after ready'])
  assert.equal(world.stats('b').ready, 2)
})

test('a purge while messages flow loses none in delivery, whenever it is killed', async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const world = new World(seed)
    await world.open({ checkpointBytes: 4_096, segmentBytesMin: 4_096, segmentBytesMax: 4_096 })
    await world.do(world.broker.declareQueue('a'))
    await world.publishAll('a', numbers(40))
    const taker = world.take('a', { credit: 7 })
    await world.pass(seed / 10)
    const held = taker.seen.map(({ id }) => id)
    const purging = world.broker.purge('a')
    if (seed % 2 === 0) await world.do(purging)
    else void purging.catch(() => undefined)
    for (const body of numbers(20)) {
      const publishing = world.broker.publish({ queues: ['a'], body: Buffer.from(body) })
      publishing.catch(() => undefined)
    }
    await world.pass(world.sim.random.next() * 3)
    await world.killAndOpen()
    const found = await world.do(world.broker.peek('a', { limit: 1_000 }))
    const ids = new Set(found.map(({ id }) => id))
    assert.deepEqual(
      held.filter((id) => !ids.has(id)),
      [],
      `seed ${seed}`,
    )
    const left = found.filter(({ id }) => id <= 40 && !taker.seen.some((one) => one.id === id))
    if (seed % 2 === 0) assert.deepEqual(left, [], `seed ${seed}`)
  }
})

test('a queue that is not there cannot be purged', async () => {
  const world = await worldWith([])
  const unknown = refusal('QUEUE_UNKNOWN', /^Cannot purge queue x: there is no queue x$/)
  await assert.rejects(world.do(world.broker.purge('x')), unknown)
})
