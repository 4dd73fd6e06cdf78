import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Broker, Delivery } from '../api.ts'
import type { BrokerOptions } from '../options.ts'
import { createBroker } from './open.ts'

const dirs: string[] = []
after(async () => {
  for (const dir of dirs) await rm(dir, { recursive: true, force: true })
})

async function folder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'hufu-broker-'))
  dirs.push(dir)
  return dir
}

async function open(dir?: string, options: Partial<BrokerOptions> = {}): Promise<Broker> {
  return createBroker({ dir: dir ?? (await folder()), ...options })
}

const bytes = (text: string) => Buffer.from(text)
const text = (delivery: Delivery) => Buffer.from(delivery.body).toString()

/** Takes `count` deliveries, settling each as done, and returns their bodies. */
async function drain(
  broker: Broker,
  queue: string,
  count: number,
  credit = 100,
): Promise<string[]> {
  const seen: string[] = []
  await new Promise<void>((resolve) => {
    const subscription = broker.subscribe(queue, { credit }, (batch) => {
      const wanted = batch.slice(0, count - seen.length)
      if (wanted.length === 0) return
      for (const delivery of wanted) seen.push(text(delivery))
      const settled = subscription.settle(wanted.map(({ id }) => ({ id, outcome: 'done' })))
      if (seen.length === count) settled.then(() => subscription.close()).then(resolve)
    })
  })
  return seen
}

test('what was published is delivered in order, once', async () => {
  const broker = await open()
  await broker.declareQueue('a')
  const bodies = Array.from({ length: 2_500 }, (_, i) => `message ${i}`)
  await Promise.all(bodies.map((body) => broker.publish({ queues: ['a'], body: bytes(body) })))
  assert.deepEqual(await drain(broker, 'a', 2_500), bodies)
  assert.equal(broker.queues()[0]?.ready, 0)
  await broker.close()
})

test('one body goes to many queues, stored once', async () => {
  const broker = await open()
  for (const name of ['a', 'b', 'c']) await broker.declareQueue(name)
  const before = broker.stats().groups
  await broker.publish({ queues: ['a', 'b', 'c'], body: bytes('x') })
  assert.equal(broker.stats().groups, before + 1)
  for (const name of ['a', 'b', 'c']) assert.deepEqual(await drain(broker, name, 1), ['x'])
  await broker.close()
})

test('a reopened folder has what was not settled, and nothing else', async () => {
  const dir = await folder()
  const first = await open(dir)
  await first.declareQueue('a')
  for (const body of ['1', '2', '3']) await first.publish({ queues: ['a'], body: bytes(body) })
  await drain(first, 'a', 1, 1)
  await first.close()
  const second = await open(dir)
  assert.equal(second.report.cleanStop, true)
  assert.equal(second.queues()[0]?.ready, 2)
  assert.equal(second.report.messages, 2)
  assert.deepEqual(await drain(second, 'a', 2), ['2', '3'])
  await second.close()
})
