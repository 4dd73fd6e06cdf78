import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GetMessage } from 'amqplib'
import { adminHouse } from './admin-house.fixture.ts'

test('what was made for clients is there for them, also after a restart', async (t) => {
  const house = await adminHouse(t)
  const table = '{"x-max-length":1000}'
  const made = await house.hufu('queues', 'add', 'q', '--type', 'quorum', '--arguments', table)
  assert.equal(made.out, 'Queue q is there\n')
  assert.equal((await house.hufu('exchanges', 'add', 'x', 'topic')).code, 0)
  assert.equal((await house.hufu('bindings', 'add', 'x', 'q', 'a.#')).out, 'q is bound to x\n')
  await house.stop()
  await house.start()
  const client = await house.client()
  const channel = await client.createConfirmChannel()
  await channel.assertQueue('q', {
    arguments: { 'x-queue-type': 'quorum', 'x-max-length': 1_000 },
  })
  await channel.assertExchange('x', 'topic')
  channel.publish('x', 'a.b', Buffer.from('m'))
  await channel.waitForConfirms()
  assert.equal(String(((await channel.get('q')) as GetMessage).content), 'm')
  await client.close()
})

test('what is there and different is refused; what is there and the same is fine', async (t) => {
  const house = await adminHouse(t)
  for (const _ of [1, 2]) assert.equal((await house.hufu('queues', 'add', 'q')).code, 0)
  const other = await house.hufu('queues', 'add', 'q', '--type', 'quorum')
  assert.equal(other.code, 1)
  assert.match(other.err, /^Cannot add queue 'q': inequivalent arg 'x-queue-type' for queue 'q'/)
  const table = await house.hufu('queues', 'add', 'q', '--arguments', '{')
  assert.equal(table.code, 2)
  assert.match(table.err, /^Cannot use --arguments: it is no JSON: /)
})

test('exchanges and bindings are listed and removed', async (t) => {
  const house = await adminHouse(t)
  await house.hufu('queues', 'add', 'q')
  await house.hufu('exchanges', 'add', 'x', 'headers', '--internal')
  await house.hufu('bindings', 'add', 'x', 'q', '', '--arguments', '{"x-match":"any","n":3}')
  await house.hufu('bindings', 'add', 'amq.fanout', 'x', '', '--to-exchange')
  const { bindings } = (await house.hufu('bindings', 'list', '--json')).json
  assert.deepEqual(bindings, [
    {
      ...{ vhost: '/', source: 'amq.fanout', destination: { kind: 'exchange', name: 'x' } },
      ...{ key: '', arguments: {} },
    },
    {
      ...{ vhost: '/', source: 'x', destination: { kind: 'queue', name: 'q' } },
      ...{ key: '', arguments: { 'x-match': 'any', n: 3 } },
    },
  ])
  const { exchanges } = (await house.hufu('exchanges', 'list', '--vhost', '/', '--json')).json
  const [x] = exchanges.filter(({ name }: { name: string }) => name === 'x')
  assert.deepEqual([x.type, x.internal, x.durable], ['headers', true, true])
  const removed = await house.hufu('bindings', 'remove', 'x', 'q', '')
  assert.equal(removed.out, '1 bindings are removed\n')
  assert.equal((await house.hufu('bindings', 'remove', 'x', 'q', '')).code, 1)
  assert.equal((await house.hufu('exchanges', 'delete', '--yes', 'x')).code, 0)
  assert.deepEqual((await house.hufu('bindings', 'list', '--json')).json.bindings, [])
  assert.equal((await house.hufu('exchanges', 'delete', '--yes', 'x')).code, 1)
  assert.match((await house.hufu('exchanges', 'delete', '--yes', 'amq.topic')).err, /not allowed/)
})
