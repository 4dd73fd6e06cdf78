import assert from 'node:assert/strict'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import amqplib from 'amqplib'
import { ownService } from '../../../../tools/services/for-test.ts'
import { type AdminHouse, adminHouse } from './admin-house.fixture.ts'
import { rabbitmqctl } from './rabbitmqctl.fixture.ts'

/** RabbitMQ's salted hash of the password `test12`. */
const SHA256 = 'kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR'

/** Something of everything that a definitions file holds. */
async function furnish(house: AdminHouse): Promise<void> {
  const imported = {
    users: [{ name: 'old', password_hash: SHA256, tags: ['administrator'] }],
    permissions: [{ user: 'old', vhost: '/', configure: '.*', write: '.*', read: '.*' }],
  }
  const file = join(house.dir, 'users.json')
  writeFileSync(file, JSON.stringify(imported))
  await house.hufu('definitions', 'import', file)
  await house.hufuWith('secret', 'users', 'add', 'new', '--tags', 'monitoring')
  await house.hufu('users', 'limits', 'new', '--connections', '7')
  await house.hufu('permissions', 'set', 'new', '^n', '', '.*')
  await house.hufu('permissions', 'set-topic', 'new', '^a', '.*', '--exchange', 'amq.topic')
  await house.hufu('vhosts', 'add', 'v/1', '--description', 'other', '--queue-type', 'quorum')
  await house.hufu('vhosts', 'limits', 'v/1', '--queues', '9')
  await house.hufu('policies', 'set', 'ttl', '^q', '{"message-ttl":60000}', '--priority', '2')
  await house.hufu('policies', 'set', 'cap', '', '{"max-length":9}', '--operator')
  const client = await house.client()
  const channel = await client.createChannel()
  await channel.assertExchange('x', 'topic', { alternateExchange: 'amq.fanout' })
  await channel.assertExchange('passing', 'fanout', { durable: false })
  await channel.assertQueue('q', { arguments: { 'x-queue-type': 'quorum', 'x-max-length': 5 } })
  await channel.assertQueue('mine', { exclusive: true })
  await channel.bindQueue('q', 'x', 'a.#')
  await channel.bindQueue('q', 'amq.headers', '', { 'x-match': 'any', size: 3, colour: 'red' })
  await channel.bindQueue('q', 'passing', '')
  await channel.bindExchange('x', 'amq.direct', 'k')
  await client.close()
}

test('an export that a fresh server imports is exported the same again', async (t) => {
  const [house, fresh] = [await adminHouse(t), await adminHouse(t)]
  await furnish(house)
  const file = join(house.dir, 'all.json')
  const out = await house.hufu('definitions', 'export', '--out', file)
  assert.equal(out.out, `Written to ${file}\n`)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  const exported = JSON.parse(readFileSync(file, 'utf8'))
  const names = (kind: string) => exported[kind].map(({ name }: { name: string }) => name)
  assert.deepEqual(names('users'), ['guest', 'new', 'old'])
  assert.deepEqual(names('vhosts'), ['/', 'v/1'])
  assert.deepEqual([names('queues'), names('exchanges')], [['q'], ['x']])
  assert.equal(exported.bindings.length, 3)
  assert.deepEqual([names('policies'), names('parameters')], [['ttl'], ['limits', 'cap']])

  const imported = await fresh.hufu('definitions', 'import', file)
  assert.match(imported.out, /^Taken over: 3 users, 2 vhosts, .*1 queues, 3 bindings\n$/)
  const again = await fresh.hufu('definitions', 'export')
  assert.deepEqual(JSON.parse(again.out), exported)
  await (await fresh.client('old', 'test12')).close()
  await (await fresh.client('new', 'secret')).close()
})

test('a file that is wrong is refused with the place in it', async (t) => {
  const house = await adminHouse(t)
  const file = join(house.dir, 'wrong.json')
  writeFileSync(file, JSON.stringify({ queues: [{ name: 5 }] }))
  const refused = await house.hufu('definitions', 'import', file)
  assert.equal(refused.code, 1)
  assert.match(refused.err, /^Cannot import definitions: .*queues\[0\]/)
  assert.equal((await house.hufu('definitions', 'import', join(house.dir, 'none'))).code, 2)
})

test('RabbitMQ takes the export; only users with a hash of Hufu need a new password', async (t) => {
  const rabbit = await ownService(t, 'rabbitmq')
  if (rabbit === undefined) return
  const house = await adminHouse(t)
  await furnish(house)
  const file = join(house.dir, 'rabbit.json')
  await house.hufu('definitions', 'export', '--for-rabbitmq', '--out', file)
  await rabbitmqctl(rabbit, 'import_definitions', file)
  const listed = async (...args: string[]) =>
    JSON.parse(await rabbitmqctl(rabbit, ...args, '--formatter', 'json', '-q'))
  assert.deepEqual(await listed('list_queues', 'name', 'type'), [{ name: 'q', type: 'quorum' }])
  assert.deepEqual((await listed('list_policies'))[0].definition, '{"message-ttl":60000}')
  assert.equal((await listed('list_operator_policies')).length, 1)
  const bindings = await listed('list_bindings', 'source_name')
  assert.deepEqual(bindings.map((each: { source_name: string }) => each.source_name).sort(), [
    '',
    'amq.direct',
    'amq.headers',
    'x',
  ])
  const { host } = new URL(rabbit.url)
  const enter = async (user: string) =>
    (await amqplib.connect(`amqp://${user}@${host}/%2F`)).close()
  await enter('old:test12')
  await assert.rejects(enter('new:secret'), /ACCESS_REFUSED|403/)
  await rabbitmqctl(rabbit, 'change_password', 'new', 'secret')
  await enter('new:secret')

  // Without that it takes nothing: a hash of scrypt is not in its form.
  await house.hufu('definitions', 'export', '--out', file)
  await assert.rejects(rabbitmqctl(rabbit, 'import_definitions', file), /not_base64/)
})
