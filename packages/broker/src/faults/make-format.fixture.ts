import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Settlement } from '../api.ts'
import { World } from '../engine/world.fixture.ts'
import { FORMAT } from '../log/layout.ts'
import { folderOf } from './folder.fixture.ts'

/*
 * Writes `fixtures/format-N`, a folder that every later version must open. It is made once per
 * format and then left as it is: run it only for a format that no release has written yet.
 * The machine is simulated, so the bytes are the same each time.
 */
const KiB = 1024
const LIMITS = { segmentBytesMin: 8 * KiB, segmentBytesMax: 8 * KiB, checkpointBytes: 12 * KiB }

const world = new World(1)
await world.open(LIMITS)
await declare()
await messages()
await failures()
await world.killAndOpen(LIMITS)
await world.publish('orders', 'of the second life')
await fillAndDrain()
await batchAndPrepared()
await news()
await records()
await world.close()
write()

async function declare(): Promise<void> {
  const { broker } = world
  const quick = { retryFirstMs: 60_000, retryCapMs: 60_000 }
  await world.do(broker.declareQueue('dead'))
  await world.do(broker.declareQueue('orders', { ...quick, maxAttempts: 3, deadLetter: 'dead' }))
  await world.do(broker.declareQueue('sms', { maxAttempts: 1 }))
  await world.do(broker.declareQueue('audit', { maxMessages: 1_000, maxBytes: 2 ** 20 }))
  await world.do(broker.declareQueue('drained'))
  await world.do(broker.declareQueue('gone'))
  await world.do(broker.records.put([{ key: 'early', value: Buffer.from('kept') }]))
}

async function messages(): Promise<void> {
  const properties = Uint8Array.of(0, 1, 254, 255)
  const body = Buffer.from('to three queues: 虎符')
  const queues = ['orders', 'sms', 'audit']
  await world.do(world.broker.publish({ queues, body, properties, key: 'user 1' }))
  await world.publish('orders', 'settled')
  await world.publish('orders', 'tried twice')
  await world.publish('orders', 'given up')
  await world.publish('audit', 'in a year', { delayMs: 365 * 86_400_000 })
  await world.publish('audit', '')
  await world.publish('audit', 'x'.repeat(3_000))
  await world.publish('gone', 'with its queue')
  await world.do(world.broker.deleteQueue('gone'))
}

/** What the consumers of `orders` and `sms` say, by body; what they do not know they keep. */
async function failures(): Promise<void> {
  const orders = world.take('orders')
  await world.pass(100)
  const settle = async (body: string, outcome: Partial<Settlement>) => {
    const found = orders.seen.findLast((one) => Buffer.from(one.body).toString() === body)!
    await orders.settle({ id: found.id, ...outcome } as Settlement)
  }
  await settle('settled', { outcome: 'done' })
  await settle('given up', { outcome: 'reject', cause: 'no such user' })
  await settle('tried twice', { outcome: 'retry', cause: 'first cause' })
  await world.pass(100_000)
  await settle('tried twice', { outcome: 'retry', delayMs: 2_592_000_000, cause: 'second cause' })
  await orders.close()
  const sms = world.take('sms')
  await world.pass(100)
  await sms.settle({ id: sms.last.id, outcome: 'retry', cause: 'no reception' })
  await sms.close()
}

/** So that a checkpoint is written and the log has a segment that was used before. */
async function fillAndDrain(): Promise<void> {
  const taker = world.take('drained').settleAll()
  for (let i = 0; i < 60; i++) await world.publish('drained', 'y'.repeat(500))
  await world.pass(1_000)
  await taker.close()
}

async function batchAndPrepared(): Promise<void> {
  const { broker } = world
  const batch = broker.batch()
  for (const queues of [['audit'], ['orders', 'audit']]) {
    await world.do(batch.publish({ queues, body: Buffer.from(`batch to ${queues}`) }))
  }
  await world.do(batch.commit())
  const half = { queues: ['orders'], body: Buffer.from('half') }
  const transaction = { transactionId: 't1', group: 'shop', messages: [half] }
  await world.do(broker.prepare({ ...transaction, check: { firstMs: 86_400_000 } }))
}

/** What format 2 brought: times to live, priorities, limits of what is ready, a purge. */
async function news(): Promise<void> {
  const { broker } = world
  const options = { maxPriority: 9, messageExpiresMs: 400 * 86_400_000, maxReady: 1_000 }
  await world.do(broker.declareQueue('levels', options))
  await world.publish('levels', 'purged')
  await world.do(broker.purge('levels'))
  await world.publish('levels', 'low')
  await world.publish('levels', 'high', { priority: 7 })
  await world.publish('levels', 'short', { priority: 7, expiresMs: 86_400_000 })
  const taker = world.take('levels', { credit: 1 })
  await world.pass(100)
  await taker.settle({ id: taker.last.id, outcome: 'requeue' })
  await taker.close()
}

async function records(): Promise<void> {
  const put = (key: string, text: string) => ({ key, value: Buffer.from(text) })
  await world.do(world.broker.records.put([put('late/虎', '符'), put('late/gone', 'x')]))
  await world.do(world.broker.records.put([{ key: 'late/gone', value: undefined }]))
}

function write(): void {
  const dir = join(import.meta.dirname, `../../fixtures/format-${FORMAT}`)
  rmSync(dir, { recursive: true, force: true })
  mkdirSync(dir, { recursive: true })
  for (const [name, bytes] of folderOf(world)) writeFileSync(join(dir, name), bytes)
}
