import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CheckAnswer, PrepareRequest } from '../api.ts'
import { numbers, refusal, World } from './world.fixture.ts'

const request = (transactionId: string, ...bodies: string[]): PrepareRequest => ({
  transactionId,
  group: 'orders',
  messages: bodies.map((body) => ({ queues: ['a'], body: Buffer.from(body) })),
})

async function worldWithQueue(): Promise<World> {
  const world = new World()
  await world.open()
  await world.do(world.broker.declareQueue('a'))
  return world
}

test('a half message is invisible, also across a restart, until it is committed', async () => {
  const world = await worldWithQueue()
  const handle = await world.do(world.broker.prepare(request('t1', '1', '2')))
  assert.equal(world.stats('a').ready, 0)
  await world.killAndOpen()
  const taker = world.take('a').settleAll()
  await world.pass(100)
  assert.deepEqual(taker.bodies, [])
  const decision = await world.do(world.broker.decide(handle, 'commit'))
  await world.pass(100)
  assert.deepEqual(decision, { outcome: 'commit', repeated: false })
  assert.deepEqual(taker.bodies, ['1', '2'])
})

test('a rolled back one is never seen; a repeated word gets what was decided', async () => {
  const world = await worldWithQueue()
  const handle = await world.do(world.broker.prepare(request('t1', '1')))
  await world.do(world.broker.decide(handle, 'rollback'))
  await world.killAndOpen()
  const again = await world.do(world.broker.decide(handle, 'commit'))
  assert.deepEqual(again, { outcome: 'rollback', repeated: true })
  assert.equal(world.stats('a').ready, 0)
})

test('a decided id may be prepared again; a late word for the first changes nothing', async () => {
  const world = await worldWithQueue()
  const first = await world.do(world.broker.prepare(request('t1', 'first')))
  await assert.rejects(
    world.do(world.broker.prepare(request('t1', 'second'))),
    refusal('PREPARED_EXISTS', /t1: it is prepared and not decided$/),
  )
  await world.do(world.broker.decide(first, 'rollback'))
  const second = await world.do(world.broker.prepare(request('t1', 'second')))
  const late = await world.do(world.broker.decide(first, 'commit'))
  assert.deepEqual(late, { outcome: 'rollback', repeated: true })
  assert.equal(world.stats('a').ready, 0)
  await world.do(world.broker.decide(second, 'commit'))
  assert.equal(world.stats('a').ready, 1)
  const unknown = { transactionId: 't1', version: 99 }
  const none = refusal('PREPARED_UNKNOWN', /there is none of version 99$/)
  await assert.rejects(world.broker.decide(unknown, 'commit'), none)
})

test('the producer is asked after 6 s, then every 30 s, and its answer decides', async () => {
  const world = await worldWithQueue()
  await world.do(world.broker.prepare(request('t1', '1')))
  const asked: number[] = []
  const start = world.sim.clock.elapsed
  const answers: CheckAnswer[] = ['unknown', 'unknown', 'commit']
  world.broker.answerChecks('orders', async () => {
    asked.push(Math.round((world.sim.clock.elapsed - start) / 1_000))
    return answers.shift() ?? 'unknown'
  })
  await world.pass(100_000)
  assert.deepEqual(asked, [6, 36, 66])
  assert.equal(world.stats('a').ready, 1)
})

test('while no producer is there no asking is used up, however long', async () => {
  const world = await worldWithQueue()
  await world.do(world.broker.prepare(request('t1', '1')))
  world.broker.answerChecks('others', async () => 'commit')
  await world.pass(3_600_000)
  assert.equal(world.broker.prepared()[0]?.checks, 0)
  await world.killAndOpen()
  let asked = 0
  world.broker.answerChecks('orders', async ({ checks }) => {
    assert.equal(checks, asked)
    asked++
    return 'unknown'
  })
  await world.pass(1_000)
  assert.equal(asked, 1)
})

test('after 15 askings that counted it is parked, and a late word still decides it', async () => {
  const world = await worldWithQueue()
  const handle = await world.do(world.broker.prepare(request('t1', '1')))
  let asked = 0
  const answer = async (): Promise<CheckAnswer> => {
    asked++
    return 'unknown'
  }
  world.broker.answerChecks('orders', answer)
  await world.pass(300_000)
  await world.killAndOpen()
  world.broker.answerChecks('orders', answer)
  await world.pass(3_600_000)
  assert.equal(asked, 15)
  assert.equal(world.broker.prepared()[0]?.parked, true)
  assert.match(world.warnings.join(), /t1 is parked/)
  await world.do(world.broker.decide(handle, 'commit'))
  assert.equal(world.stats('a').ready, 1)
  assert.deepEqual(world.broker.prepared(), [])
})

test('an unanswered asking counts after 10 s, but not when the producer left', async () => {
  const world = await worldWithQueue()
  await world.do(world.broker.prepare(request('t1', '1')))
  const silent = () => new Promise<CheckAnswer>(() => undefined)
  const leaves = world.broker.answerChecks('orders', silent)
  await world.pass(7_000)
  leaves.close()
  await world.pass(20_000)
  assert.equal(world.broker.prepared()[0]?.checks, 0)
  world.broker.answerChecks('orders', silent)
  await world.pass(11_000)
  assert.equal(world.broker.prepared()[0]?.checks, 1)
})

test('any living producer of the group may answer', async () => {
  const world = await worldWithQueue()
  const asked: string[] = []
  for (const name of ['x', 'y']) {
    world.broker.answerChecks('orders', async ({ transactionId }) => {
      asked.push(`${name} ${transactionId}`)
      return 'rollback'
    })
  }
  for (const id of ['t1', 't2']) await world.do(world.broker.prepare(request(id, '1')))
  await world.pass(7_000)
  assert.deepEqual(asked.map((text) => text[0]).sort(), ['x', 'y'])
  assert.deepEqual(world.broker.prepared(), [])
})

test('prepares and decisions join a batch and take effect with it', async () => {
  const world = await worldWithQueue()
  const old = await world.do(world.broker.prepare(request('old', 'old')))
  const batch = world.broker.batch()
  const fresh = await batch.prepare(request('new', 'new'))
  batch.decide(old, 'commit')
  await batch.publish({ queues: ['a'], body: Buffer.from('own') })
  await world.publish('a', 'between')
  assert.deepEqual(
    world.broker.prepared().map(({ transactionId }) => transactionId),
    ['old'],
  )
  await world.do(batch.commit())
  assert.deepEqual(
    world.broker.prepared().map(({ transactionId }) => transactionId),
    ['new'],
  )
  await world.killAndOpen()
  const taker = world.take('a').settleAll()
  await world.pass(100)
  assert.deepEqual(taker.bodies, ['between', 'own', 'old'])
  await world.do(world.broker.decide(fresh, 'rollback'))
  await world.pass(100)
  assert.equal(taker.seen.length, 3)
})

test('prepared ones survive checkpoints, freed segments and several lives', async () => {
  const world = new World()
  const limits = { checkpointBytes: 64 * 1024, segmentBytesMax: 64 * 1024 }
  await world.open(limits)
  for (const name of ['a', 'noise']) await world.do(world.broker.declareQueue(name))
  const handles = []
  for (const id of numbers(10)) handles.push(await world.do(world.broker.prepare(request(id, id))))
  await world.do(world.broker.decide(handles[0]!, 'commit'))
  for (let life = 0; life < 3; life++) {
    world.take('noise').settleAll()
    for (let i = 0; i < 40; i++) await world.publish('noise', 'x'.repeat(20_000))
    await world.pass(1_000)
    await world.killAndOpen(limits)
  }
  assert.ok(world.broker.stats().logBytes < 600_000, 'old segments are freed')
  assert.equal(world.broker.prepared().length, 9)
  for (const handle of handles) await world.do(world.broker.decide(handle, 'commit'))
  const taker = world.take('a').settleAll()
  await world.pass(100)
  assert.deepEqual(taker.bodies, numbers(10))
})
