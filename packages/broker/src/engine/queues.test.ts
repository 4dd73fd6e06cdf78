import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { QueueOptions } from '../options.ts'
import { numbers, refusal, World } from './world.fixture.ts'

async function worldWith(limits = {}): Promise<World> {
  const world = new World()
  await world.open(limits)
  return world
}

const names = (world: World) => world.broker.queues().map(({ name }) => name)

test('declaring a queue again with equal options has no effect', async () => {
  const world = await worldWith()
  const options = { maxAttempts: 3, maxMessages: 10 }
  await world.do(world.broker.declareQueue('a', options))
  await world.publish('a', 'x')
  await world.do(world.broker.declareQueue('a', { ...options, retryFirstMs: 1_000 }))
  assert.equal(world.stats('a').ready, 1)
  assert.deepEqual(names(world), ['a'])
  await world.killAndOpen()
  await world.do(world.broker.declareQueue('a', options))
  assert.equal(world.stats('a').ready, 1)
})

test('declaring a queue again with other options is refused, naming one that differs', async () => {
  const world = await worldWith()
  await world.do(world.broker.declareQueue('dead'))
  await world.do(world.broker.declareQueue('a', { maxAttempts: 3 }))
  const cases: [QueueOptions, RegExp][] = [
    [{}, /^Cannot declare queue a: it is there and its maxAttempts is 3$/],
    [{ maxAttempts: 3, maxBytes: 5 }, /its maxBytes is 17179869184$/],
    [{ maxAttempts: 3, deadLetter: 'dead' }, /its deadLetter is null$/],
  ]
  for (const [options, text] of cases) {
    const declaring = world.do(world.broker.declareQueue('a', options))
    await assert.rejects(declaring, refusal('QUEUE_MISMATCH', text))
  }
})

test('an option that is no whole number from 0, or a bad name, is refused', async () => {
  const world = await worldWith()
  for (const field of ['maxMessages', 'maxBytes', 'maxAttempts', 'retryFirstMs', 'retryCapMs']) {
    for (const value of [-1, 1.5, Number.NaN, '5']) {
      const declaring = world.do(world.broker.declareQueue('a', { [field]: value }))
      const text = new RegExp(`^Cannot declare queue a: ${field} is .*, not a whole number from 0$`)
      await assert.rejects(declaring, refusal('ARGUMENT', text))
    }
  }
  for (const name of ['', 'é'.repeat(1_025)]) {
    const text = /its name has (0|2050) bytes, 1 to 2048 are possible$/
    await assert.rejects(world.do(world.broker.declareQueue(name)), refusal('LIMIT', text))
  }
  await world.do(world.broker.declareQueue('é'.repeat(1_024)))
})

test('a dead-letter queue must be declared first, and a queue is not its own', async () => {
  const world = await worldWith()
  const text = /^Cannot declare queue a: there is no queue (dead|a)$/
  for (const deadLetter of ['dead', 'a']) {
    const declaring = world.do(world.broker.declareQueue('a', { deadLetter }))
    await assert.rejects(declaring, refusal('QUEUE_UNKNOWN', text))
  }
  assert.deepEqual(names(world), [])
})

test('beyond queuesMax a queue is refused; a deleted one makes room', async () => {
  const world = await worldWith({ queuesMax: 2 })
  await world.do(world.broker.declareQueue('a'))
  await world.do(world.broker.declareQueue('b'))
  const full = refusal('LIMIT', /^Cannot declare queue c: there are 2 queues$/)
  await assert.rejects(world.do(world.broker.declareQueue('c')), full)
  await world.do(world.broker.declareQueue('a'))
  await world.do(world.broker.deleteQueue('a'))
  await world.do(world.broker.declareQueue('c'))
  assert.deepEqual(names(world), ['b', 'c'])
})

test('a declared queue and its options survive a kill', async () => {
  const world = await worldWith()
  await world.do(world.broker.declareQueue('a', { maxAttempts: 1 }))
  await world.killAndOpen()
  assert.deepEqual(names(world), ['a'])
  await world.publish('a', 'x')
  const taker = world.take('a')
  await world.pass(100)
  await taker.settle({ id: taker.last.id, outcome: 'retry' })
  assert.equal(world.stats('a').parked, 1)
})

test('deleting a queue takes its messages along and stops its consumers', async () => {
  const world = await worldWith()
  await world.do(world.broker.declareQueue('a'))
  await world.publishAll('a', numbers(5))
  await world.publish('a', 'later', { delayMs: 1_000 })
  const taker = world.take('a', { credit: 2 })
  await world.pass(100)
  assert.equal(await world.do(world.broker.deleteQueue('a')), 6)
  await taker.done(...taker.seen)
  await taker.close()
  await world.pass(5_000)
  assert.equal(taker.seen.length, 2)
  assert.deepEqual(names(world), [])
  const unknown = refusal('QUEUE_UNKNOWN', /^Cannot publish to a: there is no queue a$/)
  await assert.rejects(world.publish('a', 'x'), unknown)
  await world.killAndOpen()
  assert.deepEqual([names(world), world.broker.report.messages], [[], 0])
})

test('a queue of the same name declared anew is empty, also after a restart', async () => {
  const world = await worldWith()
  await world.do(world.broker.declareQueue('a'))
  await world.publishAll('a', numbers(5))
  await world.do(world.broker.deleteQueue('a'))
  await world.do(world.broker.declareQueue('a', { maxAttempts: 7 }))
  await world.publish('a', 'new')
  for (const restart of [false, true]) {
    if (restart) await world.killAndOpen()
    assert.equal(world.stats('a').ready, 1)
    const [only] = await world.do(world.broker.peek('a'))
    assert.equal(Buffer.from(only!.body).toString(), 'new')
  }
})

test('calls behind a delete see the queue gone, though it is not on disk yet', async () => {
  const world = await worldWith()
  await world.do(world.broker.declareQueue('a'))
  await world.publish('a', 'old')
  const deleting = world.broker.deleteQueue('a')
  const publishing = world.broker.publish({ queues: ['a'], body: Buffer.from('x') })
  const again = world.broker.deleteQueue('a')
  const declaring = world.broker.declareQueue('a', { maxAttempts: 5 })
  const next = world.broker.publish({ queues: ['a'], body: Buffer.from('new') })
  const results = await world.do(Promise.allSettled([deleting, publishing, again, declaring, next]))
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'rejected', 'fulfilled', 'fulfilled'],
  )
  for (const restart of [false, true]) {
    if (restart) await world.killAndOpen()
    assert.deepEqual(names(world), ['a'])
    const [only] = await world.do(world.broker.peek('a'))
    assert.deepEqual([only!.id, world.stats('a').ready], [await next, 1])
  }
})

test('one body in several queues stays readable when one of them is deleted', async () => {
  const world = await worldWith()
  for (const name of ['a', 'b']) await world.do(world.broker.declareQueue(name))
  await world.do(world.broker.publish({ queues: ['a', 'b'], body: Buffer.from('x') }))
  await world.do(world.broker.deleteQueue('a'))
  const taker = world.take('b')
  await world.pass(100)
  assert.deepEqual(taker.bodies, ['x'])
})

test('a queue that others dead-letter to cannot be deleted before them', async () => {
  const world = await worldWith()
  await world.do(world.broker.declareQueue('dead'))
  await world.do(world.broker.declareQueue('a', { deadLetter: 'dead' }))
  const inUse = refusal('QUEUE_IN_USE', /^Cannot delete queue dead: a dead-letters to it$/)
  await assert.rejects(world.do(world.broker.deleteQueue('dead')), inUse)
  await world.do(world.broker.deleteQueue('a'))
  assert.equal(await world.do(world.broker.deleteQueue('dead')), 0)
})

test('deleting, peeking into and publishing to an unknown queue are refused', async () => {
  const world = await worldWith()
  const unknown = (start: string) => refusal('QUEUE_UNKNOWN', new RegExp(`^${start}: there is no`))
  await assert.rejects(world.do(world.broker.deleteQueue('x')), unknown('Cannot delete queue x'))
  await assert.rejects(world.do(world.broker.peek('x')), unknown('Cannot look into queue x'))
  await assert.rejects(world.publish('x', 'x'), unknown('Cannot publish to x'))
})

test('a queue deleted while its messages fail leaves no dead letter half done', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const world = new World(seed)
    await world.open()
    await world.do(world.broker.declareQueue('dead'))
    await world.do(world.broker.declareQueue('a', { deadLetter: 'dead', maxAttempts: 1 }))
    await world.publishAll('a', numbers(5))
    const taker = world.take('a')
    await world.pass(100)
    const failing = taker.subscription.settle(
      taker.seen.map(({ id }) => ({ id, outcome: 'retry' }) as const),
    )
    await world.pass(world.sim.random.next() * 2)
    await world.do(world.broker.deleteQueue('a'))
    await world.do(failing)
    const { ready } = world.stats('dead')
    await world.killAndOpen()
    assert.deepEqual([names(world), world.stats('dead').ready], [['dead'], ready])
  }
})
