import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RecordPut } from '../api.ts'
import { createBroker } from './open.ts'
import { refusal, World } from './world.fixture.ts'

const KiB = 1024
const SMALL = { segmentBytesMin: 4 * KiB, segmentBytesMax: 4 * KiB, checkpointBytes: 6 * KiB }

async function opened(limits = {}, options = {}): Promise<World> {
  const world = new World(1, options)
  await world.open(limits)
  return world
}

function put(world: World, values: Record<string, string | undefined>): Promise<void> {
  return world.do(world.broker.records.put(changes(values)))
}

function changes(values: Record<string, string | undefined>): RecordPut[] {
  return Object.entries(values).map(([key, value]) => {
    return { key, value: value === undefined ? undefined : Buffer.from(value) }
  })
}

function all(world: World, prefix = ''): string[] {
  return world.broker.records.entries(prefix).map(([key, value]) => `${key}=${Buffer.from(value)}`)
}

test('records are read by key and by prefix, in key order; undefined deletes', async () => {
  const world = await opened()
  await put(world, { 'b/2': 'two', 'a/1': 'one', 'b/1': '', 虎: '符' })
  assert.deepEqual(all(world), ['a/1=one', 'b/1=', 'b/2=two', '虎=符'])
  assert.deepEqual(all(world, 'b/'), ['b/1=', 'b/2=two'])
  await put(world, { 'b/2': 'other', 'a/1': undefined, never: undefined })
  assert.deepEqual(all(world), ['b/1=', 'b/2=other', '虎=符'])
  assert.equal(world.broker.records.get('a/1'), undefined)
  assert.deepEqual(Buffer.from(world.broker.records.get('b/2')!), Buffer.from('other'))
})

test('a record is shown once it is durable, and what a reader changes stays his own', async () => {
  const world = await opened()
  const putting = world.broker.records.put(changes({ a: 'x' }))
  assert.equal(world.broker.records.get('a'), undefined)
  await world.do(putting)
  world.broker.records.get('a')![0] = 0
  world.broker.records.entries('')[0]![1][0] = 0
  assert.deepEqual(all(world), ['a=x'])
})

test('a put that was confirmed survives a kill, in the order of the calls', async () => {
  const world = await opened()
  const { records } = world.broker
  const puts = [{ a: '1', b: '1' }, { a: '2' }, { b: undefined, c: '3' }]
  await world.do(Promise.all(puts.map((values) => records.put(changes(values)))))
  await world.killAndOpen()
  assert.deepEqual(all(world), ['a=2', 'c=3'])
})

test('a put is in effect as a whole or not at all, whenever the power goes', async () => {
  let found = 0
  for (let seed = 1; seed <= 60; seed++) {
    const world = new World(seed)
    await world.open()
    await put(world, { a: 'old', b: 'old', c: 'old' })
    const next = changes({ a: 'new', b: 'x'.repeat(3_000), c: undefined, d: 'new' })
    world.broker.records.put(next).catch(() => undefined)
    await world.pass(world.sim.random.next() * 0.4)
    world.sim.crash({ keep: 'some' })
    await world.open()
    const state = all(world).map((text) => text.slice(0, 5))
    if (state.includes('a=new')) found++
    const wanted = state.includes('a=new')
      ? ['a=new', 'b=xxx', 'd=new']
      : ['a=old', 'b=old', 'c=old']
    assert.deepEqual(state, wanted, `seed ${seed}`)
  }
  assert.ok(found > 0 && found < 60, `${found} of 60`)
})

test('records outlive the segments in which they were written', async () => {
  const world = await opened(SMALL)
  await world.do(world.broker.declareQueue('flow'))
  await put(world, { kept: 'x'.repeat(1_000), gone: 'y' })
  await put(world, { gone: undefined })
  world.take('flow').settleAll()
  for (let i = 0; i < 60; i++) {
    await world.publish('flow', 'x'.repeat(500))
    await world.pass(2)
  }
  assert.equal(world.sim.disk.files().includes('/data/broker/00000000000000.seg'), false)
  await put(world, { late: 'z' })
  await world.killAndOpen(SMALL)
  assert.deepEqual(all(world), [`kept=${'x'.repeat(1_000)}`, 'late=z'])
})

test('a checkpoint holds many records, and large ones', async () => {
  const world = await opened()
  const many = Array.from({ length: 300 }, (_, i) => {
    return { key: `k${String(i).padStart(3, '0')}`, value: new Uint8Array(i * 20).fill(i) }
  })
  await world.do(world.broker.records.put(many))
  await world.do(world.broker.records.put([{ key: 'z', value: new Uint8Array(900 * KiB) }]))
  await world.close()
  await world.open()
  const { records } = world.broker
  for (const { key, value } of many) assert.deepEqual(records.get(key), value)
  assert.equal(records.get('z')!.length, 900 * KiB)
  assert.equal(records.entries('').length, 301)
})

test('a backup has the records', async () => {
  const world = await opened()
  await put(world, { a: 'in both' })
  await world.do(world.broker.backup('/copy'))
  await put(world, { b: 'too late' })
  const copy = await world.do(createBroker({ dir: '/copy', os: world.os }))
  assert.deepEqual(
    copy.records.entries('').map(([key]) => key),
    ['a'],
  )
  await world.do(copy.close())
})

test('what is beyond a limit is refused, and changes nothing', async () => {
  const limits = { recordKeyBytesMax: 8, recordValueBytesMax: 100, recordBytesMax: 150 }
  const world = await opened(limits)
  await put(world, { a: 'x'.repeat(90) })
  const text = (why: string) => refusal('LIMIT', new RegExp(`^Cannot put records: ${why}$`))
  const long = 'a key has 9 bytes, 1 to 8 are possible'
  await assert.rejects(put(world, { ok: 'x', 虎虎虎: 'x' }), text(long))
  await assert.rejects(put(world, { '': 'x' }), text('a key has 0 bytes, 1 to 8 are possible'))
  const large = { b: 'x'.repeat(101) }
  await assert.rejects(put(world, large), text('the value of b has 101 bytes, limit 100'))
  const { records } = world.broker
  const first = records.put(changes({ b: 'x'.repeat(50) }))
  const second = records.put(changes({ c: 'x'.repeat(20) }))
  await assert.rejects(world.do(second), text('163 bytes of records in all, limit 150'))
  await world.do(first)
  // What is replaced does not count twice, and what is deleted makes room.
  await put(world, { a: 'y'.repeat(91) })
  await put(world, { a: undefined })
  await put(world, { c: 'x'.repeat(90) })
  assert.deepEqual(
    all(world).map((one) => one.length),
    [52, 92],
  )
})

test('on a full disk a put is refused, and one that only deletes is not', async () => {
  const limits = { segmentBytesMin: 8 * KiB, segmentBytesMax: 8 * KiB }
  const world = await opened(limits, { capacityBytes: 240 * KiB })
  await world.do(world.broker.declareQueue('a'))
  await put(world, { a: 'x', b: 'x' })
  const full = refusal('LOG_FULL', /^Cannot put records: the disk has no room for another segment$/)
  for (;;) {
    const error = await world.publish('a', 'x'.repeat(1_000)).catch((refused) => refused)
    if (error instanceof Error) break
  }
  await assert.rejects(put(world, { c: 'x'.repeat(3_000) }), full)
  await put(world, { a: undefined })
  assert.deepEqual(all(world), ['b=x'])
})

test('a put is written before the broker closes, and refused when it is closed', async () => {
  const world = await opened()
  const putting = world.broker.records.put(changes({ a: 'x' }))
  await world.close()
  await putting
  const closed = refusal('CLOSED', /^Cannot put records: the broker is closed$/)
  await assert.rejects(put(world, { b: 'x' }), closed)
  await world.open()
  assert.deepEqual(all(world), ['a=x'])
})
