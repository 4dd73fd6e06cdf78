import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomBelow } from '@hufu/os'
import { SeededRandom } from '@hufu/os/simulated'
import { EXPORT, READ } from './definitions.fixture.ts'
import { definedRecords, readDefinitions } from './definitions.ts'
import { AuthError } from './errors.ts'
import { Users } from './users.ts'

const FIRST_SEED = Number(process.env.HUFU_SEED ?? 1)
const ROUNDS = Number(process.env.HUFU_WORLDS ?? 2_000)

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

test('the default exchange may be named', () => {
  const text = JSON.stringify({ bindings: [{ ...EXPORT.bindings[0], source: '' }] })
  assert.equal(readDefinitions(text).bindings[0]?.source, '')
})

const ODD = [
  undefined,
  null,
  true,
  -1,
  1.5,
  1e300,
  '',
  '(',
  '\n',
  'é'.repeat(200),
  [],
  {},
  [1],
  { a: 1 },
]

const HASH = { algorithm: 'scrypt', hash: fake('salt') } as const

/** A copy with one value, somewhere, replaced by something odd. */
function spoiled(value: unknown, random: SeededRandom): unknown {
  const isTree = typeof value === 'object' && value !== null
  if (!isTree || randomBelow(random, 8) === 0) return ODD[randomBelow(random, ODD.length)]
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value) ? [...value] : { ...value }
  const names = Object.keys(copy)
  const name = names[randomBelow(random, names.length)]
  return name === undefined
    ? copy
    : Object.assign(copy, { [name]: spoiled(Reflect.get(copy, name), random) })
}

test('a file with anything odd in it is read, or refused with a place', async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + ROUNDS; seed++) {
    const text = JSON.stringify(spoiled(EXPORT, new SeededRandom(seed))) ?? ''
    try {
      await definedRecords(readDefinitions(text), async () => HASH)
    } catch (error) {
      const said = error instanceof AuthError && /^Reading definitions: .+: /.test(error.message)
      if (!said) throw new Error(`HUFU_SEED=${seed} HUFU_WORLDS=1 fails`, { cause: error })
    }
  }
})
