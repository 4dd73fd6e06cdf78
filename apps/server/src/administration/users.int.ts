import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import type { ChannelModel, ConfirmChannel } from 'amqplib'
import { adminHouse } from './admin-house.fixture.ts'

test('a user that was added logs in with its password, and no other', async (t) => {
  const house = await adminHouse(t)
  const added = await house.hufuWith('secret\n', 'users', 'add', 'shop', '--tags', 'a,b', '--json')
  assert.deepEqual(added.json, { through: 'server', user: 'shop' })
  const { time: _, ...noted } = await house.server.event('administration')
  const done = { operation: 'users.add', name: 'shop', tags: ['a', 'b'] }
  assert.deepEqual(noted, { level: 'info', event: 'administration', ...done })
  await assert.rejects(house.client('shop', 'secret'), /ConnectionClose/)
  assert.equal((await house.hufu('permissions', 'set', 'shop', '.*', '.*', '.*')).code, 0)
  await (await house.client('shop', 'secret')).close()
  await assert.rejects(house.client('shop', 'Secret'), /403/)
  const listed = await house.hufu('users', 'list', '--json')
  assert.deepEqual(listed.json.users[1], { name: 'shop', tags: ['a', 'b'], password: 'scrypt' })

  assert.equal((await house.hufuWith('other', 'users', 'passwd', 'shop')).code, 0)
  await assert.rejects(house.client('shop', 'secret'), /403/)
  const open = await house.client('shop', 'other')
  const closed = endOf(open)
  const asked = await house.hufu('users', 'remove', 'shop')
  assert.deepEqual([asked.code, /it cannot be undone; add --yes/.test(asked.err)], [2, true])
  assert.equal((await house.hufu('users', 'remove', '--yes', 'shop')).code, 0)
  assert.match(await closed, /320.*user 'shop' is deleted/)
  await assert.rejects(house.client('shop', 'other'), /403/)
})

test('a permission that is cleared refuses the next publish', async (t) => {
  const house = await adminHouse(t)
  await house.hufuWith('pw', 'users', 'add', 'shop')
  await house.hufu('permissions', 'set', 'shop', '.*', '.*', '.*')
  const client = await house.client('shop', 'pw')
  const channel = await client.createConfirmChannel()
  const refused = new Promise<string>((resolve) => {
    channel.on('error', ({ message }) => resolve(message))
  })
  await channel.assertQueue('q')
  await published(channel, 'q')
  const cleared = await house.hufu('permissions', 'clear', 'shop', '--json')
  assert.deepEqual(cleared.json, { through: 'server', user: 'shop', vhost: '/' })
  channel.sendToQueue('q', Buffer.from('b'))
  assert.match(await refused, /ACCESS_REFUSED - write access to exchange ''/)
  await client.close()
})

/** What a client is told at its end. */
async function endOf(client: ChannelModel): Promise<string> {
  const [error] = await once(client, 'close')
  return String(error)
}

async function published(channel: ConfirmChannel, queue: string): Promise<void> {
  channel.sendToQueue(queue, Buffer.from('a'))
  await channel.waitForConfirms()
}

test('a virtual host goes with all that is in it, and comes back empty', async (t) => {
  const house = await adminHouse(t)
  assert.equal((await house.hufu('vhosts', 'add', 'v', '--description', 'of a test')).code, 0)
  await house.hufu('permissions', 'set', 'guest', '.*', '.*', '.*', '--vhost', 'v')
  const client = await house.client('guest', 'guest', 'v')
  const channel = await client.createConfirmChannel()
  await channel.assertExchange('x', 'topic')
  await channel.assertQueue('q')
  await channel.bindQueue('q', 'x', '#')
  await channel.bindExchange('amq.topic', 'amq.fanout', '')
  await published(channel, 'q')
  const closed = endOf(client)
  await house.hufu('policies', 'set', 'p', '', '{"max-length":5}', '--vhost', 'v')
  const { vhosts } = (await house.hufu('vhosts', 'list', '--json')).json
  assert.deepEqual(vhosts[1], {
    ...{ name: 'v', description: 'of a test', tags: [], queues: 1, connections: 1, ready: 1 },
  })
  assert.equal((await house.hufu('vhosts', 'remove', '--yes', 'v')).code, 0)
  assert.match(await closed, /320.*vhost 'v' is deleted/)
  await assert.rejects(house.client('guest', 'guest', 'v'), /ConnectionClose/)
  await house.hufu('vhosts', 'add', 'v')
  const again = (await house.hufu('definitions', 'export', '--json')).json.definitions
  assert.deepEqual(
    [again.queues, again.exchanges, again.bindings, again.policies],
    [[], [], [], []],
  )
  assert.deepEqual(
    again.permissions.map(({ vhost }: { vhost: string }) => vhost),
    ['/'],
  )
})

test('with no server the verb opens the folder itself; what it did holds later', async (t) => {
  const house = await adminHouse(t)
  await house.stop()
  const added = await house.hufuWith('pw', 'users', 'add', 'u', '--json')
  assert.deepEqual(added.json, { through: 'folder', user: 'u' })
  assert.match(added.err, /No server has .* open/)
  await house.hufu('permissions', 'set', 'u', '', '', '')
  await house.start()
  await (await house.client('u', 'pw')).close()
})

test("a server that was killed leaves a socket that is in nobody's way", async (t) => {
  const house = await adminHouse(t)
  house.server.kill('SIGKILL')
  await house.server.ended()
  assert.equal((await house.hufu('users', 'list', '--json')).json.through, 'folder')
  await house.start()
  assert.equal((await house.hufu('users', 'list', '--json')).json.through, 'server')
})

test('what cannot be done ends with 1 and says what was tried and what is the case', async (t) => {
  const house = await adminHouse(t)
  const missing = await house.hufu('users', 'remove', '--yes', 'nobody', '--json')
  const error = "Cannot remove user 'nobody': no user 'nobody'"
  assert.deepEqual(missing.json, { error, reason: 'unknown', through: 'server' })
  assert.deepEqual([missing.code, missing.err], [1, `${error}\n`])
  const wrong = await house.hufu('permissions', 'set', 'guest', '(', '', '')
  assert.deepEqual([wrong.code, wrong.out], [1, ''])
  assert.match(wrong.err, /^Cannot set permissions of user 'guest': Reading the pattern '\(': /)
  const none = await house.hufuWith('', 'users', 'add', 'u')
  assert.deepEqual([none.code, none.err], [2, 'Cannot use the password: it is empty\n'])
})

test('a removal of a virtual host that a crash cuts short is done by the next one', async (t) => {
  const house = await adminHouse(t)
  await house.hufu('vhosts', 'add', 'v')
  await house.hufu('permissions', 'set', 'guest', '.*', '.*', '.*', '--vhost', 'v')
  const client = await house.client('guest', 'guest', 'v')
  const channel = await client.createChannel()
  const queues = Array.from({ length: 300 }, (_, i) => channel.assertQueue(`q${i}`))
  await Promise.all(queues)
  const removal = house.hufu('vhosts', 'remove', '--yes', 'v')
  await endOf(client)
  house.server.kill('SIGKILL')
  await removal
  await house.server.ended()
  await house.start()
  const left = (await house.hufu('vhosts', 'list', '--json')).json.vhosts
  // The removal may have been faster than the signal.
  if (left.length > 1) assert.equal((await house.hufu('vhosts', 'remove', '--yes', 'v')).code, 0)
  await house.hufu('vhosts', 'add', 'v')
  const { vhosts } = (await house.hufu('vhosts', 'list', '--json')).json
  assert.deepEqual(vhosts[1], { name: 'v', tags: [], queues: 0, connections: 0, ready: 0 })
})
