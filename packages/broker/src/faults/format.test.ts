import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Peeked } from '../api.ts'
import { bodyOf, type World } from '../engine/world.fixture.ts'
import { type Folder, worldOf } from './folder.fixture.ts'

const FIXTURES = join(import.meta.dirname, '../../fixtures')

function folderOfFormat(format: number): Folder {
  const dir = join(FIXTURES, `format-${format}`)
  return new Map(readdirSync(dir).map((name) => [name, readFileSync(join(dir, name))]))
}

async function opened(format: number): Promise<World> {
  const world = await worldOf(folderOfFormat(format))
  await world.open()
  return world
}

async function contents(world: World, queue: string): Promise<Peeked[]> {
  return world.do(world.broker.peek(queue, { limit: 1_000 }))
}

const short = ({ state, attempts, ...rest }: Peeked) =>
  `${bodyOf(rest as Peeked).slice(0, 30)} · ${state} · ${attempts}`

for (const format of [1, 2]) {
  test(`a folder of format ${format} is opened with all that is in it`, async () => {
    const world = await opened(format)
    const { cleanStop, damaged, messages, tailBytesCut } = world.broker.report
    assert.deepEqual(
      { cleanStop, damaged, tailBytesCut },
      { cleanStop: true, damaged: [], tailBytesCut: 0 },
    )
    assert.equal(messages, format === 1 ? 12 : 15)
    const all: Record<string, string[]> = {}
    for (const { name } of world.broker.queues()) {
      if (name !== 'levels') all[name] = (await contents(world, name)).map(short)
    }
    assert.deepEqual(all, {
      dead: ['given up · ready · 0'],
      orders: [
        'to three queues: 虎符 · ready · 1',
        'tried twice · delayed · 2',
        'of the second life · ready · 0',
        'batch to orders,audit · ready · 0',
      ],
      sms: ['to three queues: 虎符 · parked · 1'],
      audit: [
        'to three queues: 虎符 · ready · 0',
        'in a year · delayed · 0',
        ' · ready · 0',
        `${'x'.repeat(30)} · ready · 0`,
        'batch to audit · ready · 0',
        'batch to orders,audit · ready · 0',
      ],
      drained: [],
    })
  })

  test(`format ${format}: properties, causes, due times, options are as given`, async () => {
    const world = await opened(format)
    const [first] = await contents(world, 'sms')
    assert.deepEqual([...first!.properties], [0, 1, 254, 255])
    const [dead] = await contents(world, 'dead')
    const { queue, attempts, history } = dead!.deadLetter!
    assert.deepEqual({ queue, attempts }, { queue: 'orders', attempts: 1 })
    assert.deepEqual(
      history.map(({ cause }) => cause),
      ['no such user'],
    )
    const delayed = (await contents(world, 'audit'))[1]!
    // The time of a message is rounded down, its due time up.
    assert.equal(delayed.dueAt - delayed.time, 365 * 86_400_000 + 1)
    const same = { retryFirstMs: 60_000, retryCapMs: 60_000, maxAttempts: 3, deadLetter: 'dead' }
    await world.do(world.broker.declareQueue('orders', same))
  })

  test(`format ${format}: a half message waits for its word, which shows it`, async () => {
    const world = await opened(format)
    const [prepared] = world.broker.prepared()
    assert.equal(prepared!.transactionId, 't1')
    assert.equal(prepared!.group, 'shop')
    await world.do(world.broker.decide(prepared!, 'commit'))
    const orders = await contents(world, 'orders')
    assert.equal(bodyOf(orders.at(-1)!), 'half')
  })

  test(`format ${format}: the folder is worked on, killed and opened again`, async () => {
    const world = await opened(format)
    const taker = world.take('audit').settleAll()
    const id = await world.publish('audit', 'new')
    await world.pass(1_000)
    assert.equal(taker.seen.length, 6)
    assert.equal(taker.last.id, id)
    const known = [...(await contents(world, 'orders')), ...(await contents(world, 'dead'))]
    assert.ok(known.every((one) => one.id < id))
    await world.killAndOpen()
    assert.deepEqual((await contents(world, 'audit')).map(short), ['in a year · delayed · 0'])
    assert.deepEqual(world.broker.report.damaged, [])
  })
}

test('format 2: records', async () => {
  const world = await opened(2)
  const found = world.broker.records.entries('')
  assert.deepEqual(
    found.map(([key, value]) => `${key}=${Buffer.from(value)}`),
    ['early=kept', 'late/虎=符'],
  )
  assert.deepEqual((await opened(1)).broker.records.entries(''), [])
})

test('format 2: priorities, times to live, options of queues', async () => {
  const world = await opened(2)
  const levels = await contents(world, 'levels')
  assert.deepEqual(levels.map(short), ['low · ready · 0', 'high · ready · 0', 'short · ready · 0'])
  const options = { maxPriority: 9, messageExpiresMs: 400 * 86_400_000, maxReady: 1_000 }
  await world.do(world.broker.declareQueue('levels', options))
  const taker = world.take('levels', { credit: 0 })
  const next = async () => bodyOf((await world.do(taker.subscription.pull()))!)
  assert.equal(await next(), 'high')
  await world.pass(86_400_000)
  assert.equal(await next(), 'low')
  assert.equal(world.stats('levels').ready, 0)
})
