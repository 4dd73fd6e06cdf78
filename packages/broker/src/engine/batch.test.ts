import assert from 'node:assert/strict'
import { test } from 'node:test'
import { numbers, refusal, World } from './world.fixture.ts'

const bytes = (text: string) => Buffer.from(text)

async function worldWith(...queues: string[]): Promise<World> {
  const world = new World()
  await world.open()
  for (const name of queues) await world.do(world.broker.declareQueue(name))
  return world
}

test('nothing of a batch is seen before its commit, then all of it, in order', async () => {
  const world = await worldWith('a', 'b')
  const a = world.take('a').settleAll()
  const b = world.take('b').settleAll()
  const batch = world.broker.batch()
  for (const body of ['1', '2']) await batch.publish({ queues: ['a', 'b'], body: bytes(body) })
  await world.publish('a', 'between')
  await world.pass(100)
  assert.deepEqual([a.bodies, b.bodies], [['between'], []])
  const ids = await world.do(batch.commit())
  await world.pass(100)
  assert.deepEqual(
    [a.bodies, b.bodies],
    [
      ['between', '1', '2'],
      ['1', '2'],
    ],
  )
  assert.deepEqual(
    b.seen.map(({ id }) => id),
    ids,
  )
})

test('a batch that is rolled back leaves nothing', async () => {
  const world = await worldWith('a', 'out')
  await world.publish('a', 'in')
  const taker = world.take('a')
  await world.pass(10)
  const batch = world.broker.batch()
  await batch.publish({ queues: ['out'], body: bytes('x') })
  batch.settle(taker.subscription, [{ id: taker.last.id, outcome: 'done' }])
  await world.do(batch.rollback())
  assert.equal(world.stats('out').ready, 0)
  assert.equal(world.stats('a').unsettled, 1)
  await taker.done(taker.last)
  assert.equal(world.stats('a').unsettled, 0)
})

test('publish and settle take effect together, across a kill at any moment', async () => {
  for (let moment = 0; moment < 40; moment++) {
    const world = await worldWith('in', 'out', 'dead')
    await world.publishAll('in', numbers(3))
    const taker = world.take('in')
    await world.pass(10)
    const batch = world.broker.batch()
    for (const body of numbers(3)) void batch.publish({ queues: ['out'], body: bytes(body) })
    batch.settle(
      taker.subscription,
      taker.seen.map(({ id }) => ({ id, outcome: 'done' })),
    )
    let confirmed = false
    batch.commit().then(
      () => {
        confirmed = true
      },
      () => undefined,
    )
    await world.pass(moment / 20)
    if (moment % 2 === 0) world.sim.kill()
    else world.sim.crash()
    await world.open()
    const { ready } = world.stats('in')
    const out = world.stats('out').ready
    assert.ok((ready === 3 && out === 0) || (ready === 0 && out === 3), `${ready} and ${out}`)
    if (confirmed) assert.equal(out, 3)
  }
})

test('a rejected delivery is dead-lettered with its batch', async () => {
  const world = new World()
  await world.open()
  await world.do(world.broker.declareQueue('dead'))
  await world.do(world.broker.declareQueue('a', { deadLetter: 'dead' }))
  await world.publish('a', 'bad')
  const taker = world.take('a')
  await world.pass(10)
  const batch = world.broker.batch()
  batch.settle(taker.subscription, [{ id: taker.last.id, outcome: 'reject', cause: 'no' }])
  await world.pass(10)
  assert.equal(world.stats('dead').ready, 0)
  await world.do(batch.commit())
  assert.equal(world.stats('a').unsettled, 0)
  const [dead] = await world.do(world.broker.peek('dead'))
  assert.equal(dead?.deadLetter?.history[0]?.cause, 'no')
})

test('an ended batch is refused with BATCH_OVER, too many operations with LIMIT', async () => {
  const world = new World()
  await world.open({ batchOperationsMax: 2 })
  await world.do(world.broker.declareQueue('a'))
  const batch = world.broker.batch()
  const request = { queues: ['a'], body: bytes('x') }
  await batch.publish(request)
  await batch.publish(request)
  await assert.rejects(batch.publish(request), refusal('LIMIT', /it has 2 operations$/))
  await world.do(batch.rollback())
  await assert.rejects(batch.publish(request), refusal('BATCH_OVER', /it has ended$/))
  await assert.rejects(batch.commit(), refusal('BATCH_OVER', /it has ended$/))
})

test('a publish that is refused fails the commit, and nothing of the batch is there', async () => {
  const world = new World()
  await world.open()
  await world.do(world.broker.declareQueue('a', { maxMessages: 1 }))
  const batch = world.broker.batch()
  const request = { queues: ['a'], body: bytes('x') }
  await batch.publish(request)
  await assert.rejects(batch.publish(request), refusal('QUEUE_FULL', /holds 1 messages$/))
  await assert.rejects(world.do(batch.commit()), refusal('QUEUE_FULL', /holds 1 messages$/))
  assert.equal(world.stats('a').ready, 0)
  await world.publish('a', 'now there is room')
})

test('an open batch survives checkpoints and freed segments, but no restart', async () => {
  const world = new World()
  const limits = { checkpointBytes: 64 * 1024, segmentBytesMax: 64 * 1024 }
  await world.open(limits)
  for (const name of ['a', 'b']) await world.do(world.broker.declareQueue(name))
  const batch = world.broker.batch()
  const open = world.broker.batch()
  for (const body of numbers(5)) await batch.publish({ queues: ['b'], body: bytes(body) })
  for (const body of numbers(5)) await open.publish({ queues: ['b'], body: bytes(body) })
  const a = world.take('a').settleAll()
  for (let i = 0; i < 60; i++) await world.publish('a', 'x'.repeat(20_000))
  await world.pass(1_000)
  assert.equal(a.seen.length, 60)
  await world.do(batch.commit())
  await world.killAndOpen(limits)
  const b = world.take('b').settleAll()
  await world.pass(100)
  assert.deepEqual(b.bodies, numbers(5))
  assert.deepEqual(world.broker.prepared(), [])
})

test('a refused message leaves a batch that can be stored, and a folder that opens', async () => {
  const world = new World()
  await world.open({ checkpointBytes: 16_384, batchOperationsMax: 100 })
  await world.do(world.broker.declareQueue('a', { maxBytes: 60_000 }))
  await world.do(world.broker.declareQueue('b'))
  const refused = world.broker.prepare({
    transactionId: 't',
    group: 'g',
    messages: [
      { queues: ['b'], body: bytes('1') },
      { queues: ['a'], body: new Uint8Array(70_000) },
      { queues: ['b'], body: bytes('3') },
    ],
  })
  await assert.rejects(world.do(refused), refusal('QUEUE_FULL', /a: it holds/))
  const batch = world.broker.batch()
  const partly = batch.prepare({
    transactionId: 'u',
    group: 'g',
    messages: [{ queues: ['a'], body: new Uint8Array(70_000) }],
  })
  await assert.rejects(world.do(partly), refusal('QUEUE_FULL', /a: it holds/))
  await assert.rejects(world.do(batch.commit()), refusal('QUEUE_FULL', /a: it holds/))
  for (let i = 0; i < 20; i++) await world.publish('b', 'x'.repeat(2_000))
  await world.pass(1_000)
  await world.killAndOpen()
  assert.deepEqual(world.broker.prepared(), [])
  assert.equal(world.stats('b').ready, 20)
})

test('what a batch is about to decide nobody else decides, until it is rolled back', async () => {
  const world = await worldWith('a')
  const messages = [{ queues: ['a'], body: bytes('1') }]
  const handle = await world.do(world.broker.prepare({ transactionId: 't', group: 'g', messages }))
  const batch = world.broker.batch()
  batch.decide(handle, 'commit')
  const claimed = refusal('PREPARED_CLAIMED', /a batch that is not ended decides it$/)
  await assert.rejects(world.broker.decide(handle, 'rollback'), claimed)
  await world.do(batch.rollback())
  const decision = await world.do(world.broker.decide(handle, 'rollback'))
  assert.deepEqual(decision, { outcome: 'rollback', repeated: false })
})

test('close waits for a commit under way, and ends clean', async () => {
  const world = await worldWith('a')
  const batch = world.broker.batch()
  for (const body of numbers(50)) void batch.publish({ queues: ['a'], body: bytes(body) })
  const [committed] = await world.do(Promise.allSettled([batch.commit(), world.broker.close()]))
  assert.equal(committed.status, 'fulfilled')
  await world.open()
  assert.equal(world.broker.report.cleanStop, true)
  assert.equal(world.stats('a').ready, 50)
  assert.deepEqual(world.fatal, [])
})

const GONE = refusal(
  'SUBSCRIPTION_CLOSED',
  /^Cannot settle in a batch: the subscription to in is closed$/,
)

test('a batch whose subscription closes before its settles is refused as a whole', async () => {
  for (const end of ['close', 'delete', 'stop'] as const) {
    const world = await worldWith('in', 'out')
    await world.publish('in', '1')
    const taker = world.take('in')
    await world.pass(10)
    const batch = world.broker.batch()
    void batch.publish({ queues: ['out'], body: bytes('x') })
    batch.settle(taker.subscription, [{ id: taker.last.id, outcome: 'done' }])
    const committing = batch.commit()
    committing.catch(() => undefined)
    const ends = {
      close: () => taker.subscription.close(),
      delete: () => world.broker.deleteQueue('in'),
      stop: () => world.broker.close(),
    }
    await world.do(Promise.allSettled([committing, ends[end]()]))
    await assert.rejects(committing, GONE)
    await world.killAndOpen()
    assert.equal(world.stats('out').ready, 0)
    if (end === 'delete') continue
    const again = world.take('in').settleAll()
    await world.pass(10)
    assert.deepEqual([again.bodies, again.last.redelivered], [['1'], true])
  }
})

test('what a refused batch had taken from other consumers is unsettled as before', async () => {
  const world = await worldWith('dead', 'in', 'out')
  await world.do(world.broker.declareQueue('b', { deadLetter: 'dead' }))
  await world.publishAll('b', ['done', 'later', 'reject'])
  await world.publish('in', '1')
  const b = world.take('b')
  const taker = world.take('in')
  await world.pass(10)
  const { settled } = world.broker.stats()
  const batch = world.broker.batch()
  void batch.publish({ queues: ['out'], body: bytes('x') })
  const outcomes = ['done', 'later', 'reject'] as const
  const settlements = b.seen.map(({ id }, i) => ({ id, outcome: outcomes[i]!, delayMs: 1_000 }))
  batch.settle(b.subscription, settlements)
  batch.settle(taker.subscription, [{ id: taker.last.id, outcome: 'done' }])
  const committing = batch.commit()
  await world.do(Promise.allSettled([committing, taker.subscription.close()]))
  await assert.rejects(committing, GONE)
  assert.deepEqual([world.stats('b').unsettled, world.broker.stats().settled], [3, settled])
  assert.deepEqual([world.stats('out').ready, world.stats('dead').ready], [0, 0])
  await b.done(...b.seen)
  assert.deepEqual([world.stats('b').bytes, world.stats('in').ready], [0, 1])
})

test('an id that is not unsettled any more is ignored in a batch, as in settle', async () => {
  const world = await worldWith('in', 'out')
  await world.publish('in', '1')
  const taker = world.take('in')
  await world.pass(10)
  const batch = world.broker.batch()
  void batch.publish({ queues: ['out'], body: bytes('x') })
  batch.settle(taker.subscription, [{ id: taker.last.id, outcome: 'done' }])
  await taker.done(taker.last)
  await world.do(batch.commit())
  assert.deepEqual([world.stats('in').bytes, world.stats('out').ready], [0, 1])
})
