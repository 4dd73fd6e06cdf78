import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GetMessage } from 'amqplib'
import { house } from '../door.fixture.ts'
import { AdministrationError } from './administration-error.ts'

/** Rejects with this reason and text. */
async function refused(done: Promise<unknown>, reason: string, message: RegExp): Promise<void> {
  await assert.rejects(done, (error: unknown) => {
    assert.ok(error instanceof AdministrationError)
    assert.equal(error.reason, reason)
    assert.match(error.message, message)
    return true
  })
}

test('a refusal says what was tried, what is the case, and of which kind it is', async (t) => {
  const { users, vhosts, permissions, policies, queues, exchanges } = (await house(t)).door
    .administration
  await refused(users.add('guest'), 'exists', /^Cannot add user 'guest': it is there$/)
  await refused(users.add('', 'x'), 'argument', /^Cannot add user '': Naming a user/)
  await refused(users.add('u', ''), 'argument', /: the password is empty$/)
  await refused(users.setTags('u', []), 'unknown', /^Cannot set the tags .*: no user 'u'$/)
  const limits = { connectionsMax: -1 }
  await refused(users.setLimits('guest', limits), 'argument', /connectionsMax is -1/)
  await refused(vhosts.add('/'), 'exists', /it is there/)
  await refused(permissions.clear('guest', 'v'), 'unknown', /it has none in vhost 'v'$/)
  await refused(policies.clear('/', 'p'), 'unknown', /^Cannot clear policy 'p'/)
  await refused(queues.list('v'), 'unknown', /^Cannot list queues: no vhost 'v'$/)
  await refused(exchanges.delete('/', ''), 'refused', /default exchange/)
  const binding = { source: 'x', destination: { kind: 'queue', name: 'q' }, key: '' } as const
  await refused(exchanges.unbind('/', binding), 'unknown', /there is none with the key ''$/)
})

test('limits that are not named stay, null takes one away', async (t) => {
  const { users } = (await house(t)).door.administration
  await users.setLimits('guest', { connectionsMax: 5, channelsMax: 6 })
  await users.setLimits('guest', { channelsMax: null })
  const [guest] = users.list()
  assert.deepEqual([guest?.connectionsMax, guest?.channelsMax], [5, undefined])
})

test('an exclusive queue of a client can be seen, purged and deleted', async (t) => {
  const rooms = await house(t)
  const { queues } = rooms.door.administration
  const channel = await (await rooms.client()).createConfirmChannel()
  await channel.assertQueue('mine', { exclusive: true })
  channel.sendToQueue('mine', Buffer.from('m'))
  await channel.waitForConfirms()
  const [queue] = await queues.list()
  assert.deepEqual([queue?.name, queue?.exclusive, queue?.ready], ['mine', true, 1])
  assert.equal(await queues.purge('/', 'mine'), 1)
  assert.equal(await queues.delete('/', 'mine'), 0)
  assert.deepEqual(await queues.list(), [])
})

test('moved into its own queue each message goes once, to the end', async (t) => {
  const rooms = await house(t)
  const { messages } = rooms.door.administration
  const channel = await (await rooms.client()).createConfirmChannel()
  await channel.assertQueue('q', { maxPriority: 3 })
  for (const [text, priority] of [
    ['a', 0],
    ['b', 3],
  ] as const) {
    channel.sendToQueue('q', Buffer.from(text), { priority, expiration: '60000' })
  }
  await channel.waitForConfirms()
  const moved = await messages.move('/', 'q', { queue: 'q' }, {})
  assert.deepEqual(moved, { moved: 2, left: 0, of: 2, stopped: false })
  const peeked = await messages.peek('/', 'q')
  const seen = peeked.map(({ body, properties }) => [body, properties.expiration])
  assert.deepEqual(seen, [
    ['b', '60000'],
    ['a', '60000'],
  ])
  const first = (await channel.get('q')) as GetMessage
  assert.equal(String(first.content), 'b', 'its priority holds')
})

test('a message that a consumer has is not resolved', async (t) => {
  const rooms = await house(t)
  const { messages } = rooms.door.administration
  const channel = await (await rooms.client()).createConfirmChannel()
  await channel.assertQueue('q')
  channel.sendToQueue('q', Buffer.from('m'))
  await channel.waitForConfirms()
  await channel.get('q')
  const [held] = await messages.peek('/', 'q')
  assert.equal(held?.state, 'unsettled')
  assert.equal(await messages.resolve('/', 'q', 'discard', [held!.id]), 0)
  assert.equal(await messages.resolve('/', 'q', 'discard'), 0)
})

test('nothing of a virtual host that was removed comes back with its name', async (t) => {
  const rooms = await house(t)
  const { vhosts, queues, exchanges, policies } = rooms.door.administration
  await vhosts.add('a/b')
  await queues.add('a/b', { name: 'q', autoDelete: false, arguments: {} })
  const policy = { name: 'p', pattern: '', applyTo: 'all', priority: 0 } as const
  const definition = { 'max-length': 1 }
  await policies.set({ vhost: 'a/b', operator: false, ...policy, definition })
  // A client had begun to declare it when the virtual host went.
  const key = 'amqp/queue/a/b\0late'
  await rooms.broker.records.put([{ key, value: Buffer.from('{}') }])
  await vhosts.remove('a/b')
  assert.deepEqual(rooms.broker.records.entries('amqp/'), [])
  await vhosts.add('a/b')
  assert.deepEqual([await queues.list('a/b'), await policies.list('a/b')], [[], []])
  assert.deepEqual(await exchanges.bindings('a/b'), [])
})

test('nothing is moved to where it would be dropped, or others for it', async (t) => {
  const rooms = await house(t)
  const { messages } = rooms.door.administration
  const channel = await (await rooms.client()).createConfirmChannel()
  await channel.assertQueue('from')
  await channel.assertQueue('short', { arguments: { 'x-max-length': 10 } })
  await channel.assertQueue('brief', { arguments: { 'x-message-ttl': 0 } })
  for (let n = 0; n < 100; n++) channel.sendToQueue('from', Buffer.from(`${n}`))
  await channel.waitForConfirms()
  const { moved, left, why } = await messages.move('/', 'from', { queue: 'short' }, {})
  assert.deepEqual([moved, left], [10, 90])
  assert.match(why!, /queue 'short' is full, and would let go of its oldest/)
  // What stays is put back, and is there in a moment.
  const back = async () => {
    for (let ready = 0; ready < 90; ready = (await channel.checkQueue('from')).messageCount) {
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
  await back()
  const brief = await messages.move('/', 'from', { queue: 'brief' }, {})
  assert.deepEqual([brief.moved, brief.left], [0, 90])
  assert.equal((await channel.checkQueue('short')).messageCount, 10)
  await back()
})
