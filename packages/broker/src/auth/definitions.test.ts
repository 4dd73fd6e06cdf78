import assert from 'node:assert/strict'
import { test } from 'node:test'
import { definedRecords, readDefinitions } from './definitions.ts'
import { Users } from './users.ts'

/** An export of RabbitMQ 4.0, shortened. */
const EXPORT = {
  rabbit_version: '4.0.5',
  rabbitmq_version: '4.0.5',
  product_name: 'RabbitMQ',
  rabbitmq_definition_format: 'cluster',
  original_cluster_name: 'rabbit@host',
  users: [
    {
      name: 'shop',
      password_hash: 'kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR',
      hashing_algorithm: 'rabbit_password_hashing_sha256',
      tags: ['monitoring'],
      limits: { 'max-connections': 10, 'max-channels': -1 },
    },
    { name: 'old', password_hash: '', tags: 'administrator,management', limits: [] },
    { name: 'plain', password: 'secret', tags: [] },
  ],
  vhosts: [
    {
      name: '/',
      description: 'Default virtual host',
      metadata: { description: 'Default virtual host', tags: [], default_queue_type: 'quorum' },
      tags: ['a'],
      default_queue_type: 'quorum',
    },
    { name: 'v' },
  ],
  permissions: [{ user: 'shop', vhost: '/', configure: '^shop', write: '.*', read: '' }],
  topic_permissions: [
    { user: 'shop', vhost: '/', exchange: 'amq.topic', write: '^{username}', read: '.*' },
  ],
  parameters: [
    {
      component: 'vhost-limits',
      name: 'limits',
      value: { 'max-connections': 100, 'max-queues': -1 },
      vhost: 'v',
    },
    {
      component: 'operator_policy',
      name: 'cap',
      value: { pattern: '', 'apply-to': 'queues', priority: 1, definition: { 'max-length': 9 } },
      vhost: '/',
    },
    { component: 'shovel', name: 's', value: {}, vhost: '/' },
  ],
  global_parameters: [{ name: 'internal_cluster_id', value: 'rabbitmq-cluster-id-1' }],
  policies: [
    {
      vhost: '/',
      name: 'ttl',
      pattern: '^(?!amq\\.)',
      'apply-to': 'classic_queues',
      definition: { 'message-ttl': 60_000 },
      priority: 3,
    },
  ],
  queues: [
    {
      name: 'orders',
      vhost: '/',
      durable: true,
      auto_delete: false,
      arguments: { 'x-queue-type': 'classic', 'x-max-priority': 5 },
    },
  ],
  exchanges: [
    {
      name: 'shop',
      vhost: '/',
      type: 'topic',
      durable: true,
      auto_delete: false,
      internal: false,
      arguments: {},
    },
  ],
  bindings: [
    {
      source: 'shop',
      vhost: '/',
      destination: 'orders',
      destination_type: 'queue',
      routing_key: 'order.#',
      arguments: {},
    },
  ],
}

test('an export of RabbitMQ is read whole', () => {
  const read = readDefinitions(JSON.stringify(EXPORT))
  assert.deepEqual(read, {
    users: [
      {
        name: 'shop',
        tags: ['monitoring'],
        password: { algorithm: 'sha256', hash: EXPORT.users[0]!.password_hash },
        connectionsMax: 10,
      },
      { name: 'old', tags: ['administrator', 'management'] },
      { name: 'plain', tags: [], plainPassword: 'secret' },
    ],
    vhosts: [
      {
        name: '/',
        description: 'Default virtual host',
        tags: ['a'],
        defaultQueueType: 'quorum',
      },
      { name: 'v', tags: [], connectionsMax: 100 },
    ],
    permissions: EXPORT.permissions,
    topicPermissions: EXPORT.topic_permissions,
    policies: [
      {
        vhost: '/',
        operator: false,
        name: 'ttl',
        pattern: '^(?!amq\\.)',
        applyTo: 'classic_queues',
        priority: 3,
        definition: { 'message-ttl': 60_000 },
      },
      {
        vhost: '/',
        operator: true,
        name: 'cap',
        pattern: '',
        applyTo: 'queues',
        priority: 1,
        definition: { 'max-length': 9 },
      },
    ],
    exchanges: [
      {
        vhost: '/',
        name: 'shop',
        type: 'topic',
        durable: true,
        autoDelete: false,
        internal: false,
        arguments: {},
      },
    ],
    queues: [
      {
        vhost: '/',
        name: 'orders',
        durable: true,
        autoDelete: false,
        arguments: { 'x-queue-type': 'classic', 'x-max-priority': 5 },
      },
    ],
    bindings: [
      {
        vhost: '/',
        source: 'shop',
        destination: { kind: 'queue', name: 'orders' },
        key: 'order.#',
        arguments: {},
      },
    ],
    ignored: ["parameters[2]: the component 'shovel' has no effect"],
  })
})

test('its users, virtual hosts and permissions become records', async () => {
  const users = new Users()
  const hash = async (password: string) => ({ algorithm: 'scrypt' as const, hash: fake(password) })
  users.apply(await definedRecords(readDefinitions(JSON.stringify(EXPORT)), hash))
  assert.equal(users.may('shop', '/', 'configure', 'shop.orders'), true)
  assert.equal(users.mayUseKey('shop', '/', 'amq.topic', 'write', 'other.key'), false)
  assert.equal(users.vhost('v')?.connectionsMax, 100)
  assert.deepEqual(users.user('plain')?.password, { algorithm: 'scrypt', hash: fake('secret') })
  assert.equal(users.user('old')?.password, undefined)
})

function fake(password: string): string {
  return `ln=4,r=1,p=1$${password}$${Buffer.alloc(32).toString('base64')}`
}

test('the export of one virtual host names it nowhere', () => {
  const text = JSON.stringify({
    queues: [{ name: 'q', durable: true, auto_delete: false, arguments: {} }],
  })
  assert.equal(readDefinitions(text, { vhost: 'v' }).queues[0]?.vhost, 'v')
  assert.throws(() => readDefinitions(text), {
    message: 'Reading definitions: queues[0].vhost: it is missing, and has to be a text',
  })
})

test('what is wrong is refused with its place in the file', () => {
  const refused = (part: object, message: string) => {
    const text = typeof part === 'string' ? part : JSON.stringify(part)
    assert.throws(() => readDefinitions(text), {
      reason: 'argument',
      message: `Reading definitions: ${message}`,
    })
  }
  const queue = EXPORT.queues[0]!
  refused(
    { queues: [queue, { ...queue, durable: 'yes' }] },
    'queues[1].durable: it has to be true or false, and is "yes"',
  )
  refused({ queues: {} }, 'queues: it has to be a list, and is {}')
  refused({ queues: [5] }, 'queues[0]: it has to be an object, and is 5')
  refused({ users: [{ name: '' }] }, "users[0].name: Naming a user '': the name is empty")
  refused(
    { users: [{ name: 'u', password_hash: 'AAAA' }] },
    'users[0].password_hash: Reading a password hash: ' +
      'it is not 36 bytes in base64, as sha256 has',
  )
  const md5 = 'rabbit_password_hashing_md5'
  refused(
    { users: [{ name: 'u', password_hash: 'AAAA', hashing_algorithm: md5 }] },
    'users[0].hashing_algorithm: it has to be one of rabbit_password_hashing_sha256, ' +
      'rabbit_password_hashing_sha512, hufu_password_hashing_scrypt, ' +
      'and is "rabbit_password_hashing_md5"',
  )
  refused(
    { permissions: [{ ...EXPORT.permissions[0], write: '(' }] },
    "permissions[0].write: Reading the pattern '(': a '(' is not closed (at 1)",
  )
  refused(
    { bindings: [{ ...EXPORT.bindings[0], destination_type: 'stream' }] },
    'bindings[0].destination_type: it has to be one of queue, exchange, and is "stream"',
  )
  refused(
    { parameters: [{ ...EXPORT.parameters[1], value: { pattern: 'x' } }] },
    'parameters[0].value.definition: it is missing, and has to be an object',
  )
  refused([], 'the file: it has to be an object, and is []')
})

test('a file that is no JSON is refused', () => {
  assert.throws(() => readDefinitions('{"users":'), {
    message: /^Reading definitions: the file: it is not JSON: /,
  })
})
