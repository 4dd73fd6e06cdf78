import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EXPORT, READ } from './definitions.fixture.ts'
import { definedRecords, readDefinitions } from './definitions.ts'
import { Users } from './users.ts'

test('an export of RabbitMQ is read whole', () => {
  const read = readDefinitions(JSON.stringify(EXPORT))
  assert.deepEqual(read, READ)
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
