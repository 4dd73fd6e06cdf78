import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '@hufu/os/simulated'
import { firstRecords, login } from './login.ts'
import { Passwords } from './passwords.ts'
import type { RecordChange } from './records.ts'
import { permissionRecord, topicPermissionRecord, userRecord, vhostRecord } from './records.ts'
import { Users } from './users.ts'

const passwords = new Passwords(new SeededRandom(1), { cost: { ln: 4, r: 1, p: 1 } })

function usersOf(...records: RecordChange[]): Users {
  const users = new Users()
  users.apply(records)
  return users
}

function permits(configure: string, write: string, read: string, vhost = '/'): RecordChange {
  return permissionRecord({ user: 'u', vhost, configure, write, read })
}

test('a right is a pattern over names, not anchored; an empty one allows nothing', () => {
  const users = usersOf(permits('', '^out\\.', 'in'))
  assert.equal(users.may('u', '/', 'write', 'out.eu'), true)
  assert.equal(users.may('u', '/', 'write', 'my-out.eu'), false)
  assert.equal(users.may('u', '/', 'read', 'my-in-queue'), true)
  assert.equal(users.may('u', '/', 'configure', 'out.eu'), false)
  assert.equal(users.may('u', '/', 'configure', ''), false)
})

test('the default exchange counts as amq.default', () => {
  const users = usersOf(permits('.*', '^amq\\.default$', '.*'))
  assert.equal(users.may('u', '/', 'write', ''), true)
  assert.equal(users.may('u', '/', 'write', 'other'), false)
})

test('a right holds for its user in its virtual host', () => {
  const users = usersOf(permits('.*', '.*', '.*', 'a/b'))
  assert.equal(users.may('u', 'a/b', 'read', 'q'), true)
  assert.equal(users.may('u', '/', 'read', 'q'), false)
  assert.equal(users.may('v', 'a/b', 'read', 'q'), false)
  assert.equal(users.permission('u', '/'), undefined)
})

test('an answer is forgotten when a record changes', () => {
  const users = usersOf(permits('.*', '.*', '.*'))
  assert.equal(users.may('u', '/', 'read', 'q'), true)
  users.apply([permits('.*', '.*', '^x$')])
  assert.equal(users.may('u', '/', 'read', 'q'), false)
  users.apply(users.withoutUser('u'))
  assert.equal(users.may('u', '/', 'write', 'q'), false)
})

test('answers stay right when there are more than are remembered', () => {
  const users = usersOf(permits('.*', '^q\\d*[02468]$', '.*'))
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 12_000; i++) {
      assert.equal(users.may('u', '/', 'write', `q${i}`), i % 2 === 0)
    }
  }
})

test('a topic permission narrows the keys, with the names in its pattern', () => {
  const topic = { user: 'u.1', vhost: '/', exchange: 'amq.topic', read: '' }
  const users = usersOf(topicPermissionRecord({ ...topic, write: '^{username}\\.' }))
  const may = (exchange: string, right: 'write' | 'read', key: string) => {
    return users.mayUseKey('u.1', '/', exchange, right, key)
  }
  assert.equal(may('amq.topic', 'write', 'u.1.eu'), true)
  assert.equal(may('amq.topic', 'write', 'ux1.eu'), false, 'the dot of the name is a dot')
  assert.equal(may('amq.topic', 'read', 'u.1.eu'), false)
  assert.equal(may('other', 'write', 'anything'), true)
  assert.equal(users.mayUseKey('v', '/', 'amq.topic', 'write', 'anything'), true)
})

test('what was stored comes back, whatever the names', () => {
  const name = 'a/b%2Fc %/é'
  const users = usersOf(
    userRecord({ name, tags: ['administrator'], connectionsMax: 5 }),
    vhostRecord({ name, defaultQueueType: 'quorum' }),
    permissionRecord({ user: name, vhost: name, configure: '', write: '', read: 'q' }),
  )
  assert.deepEqual(users.user(name), { name, tags: ['administrator'], connectionsMax: 5 })
  assert.deepEqual(users.vhosts(), [{ name, defaultQueueType: 'quorum' }])
  assert.equal(users.may(name, name, 'read', 'q'), true)
})

test('with a user, or a virtual host, go its permissions', () => {
  const users = usersOf(
    ...firstRecords({ algorithm: 'sha256', hash: Buffer.alloc(36).toString('base64') }),
    permissionRecord({ user: 'guest', vhost: 'v', configure: '', write: '', read: '' }),
    topicPermissionRecord({ user: 'guest', vhost: 'v', exchange: '', write: '', read: '' }),
    permits('', '', '', 'v'),
  )
  users.apply(users.withoutVhost('v'))
  assert.deepEqual(
    users.permissions().map((each) => [each.user, each.vhost]),
    [['guest', '/']],
  )
  assert.deepEqual(users.topicPermissions(), [])
  users.apply(users.withoutUser('guest'))
  assert.deepEqual([users.users(), users.permissions()], [[], []])
  assert.deepEqual(
    users.vhosts().map((each) => each.name),
    ['/'],
  )
})

test('wrong names and patterns are refused before they are stored', () => {
  const refused = (act: () => unknown, message: RegExp) => {
    assert.throws(act, { reason: 'argument', message })
  }
  refused(() => userRecord({ name: '', tags: [] }), /^Naming a user '': the name is empty$/)
  refused(() => vhostRecord({ name: 'a\nb' }), /the name has control characters/)
  refused(() => vhostRecord({ name: 'é'.repeat(128) }), /more than 255 bytes/)
  refused(() => permits('(', '', ''), /^Reading the pattern '\(': /)
})

async function world(name: string, fromLoopback = true) {
  const users = usersOf(...firstRecords(await passwords.hash('guest')))
  users.apply([userRecord({ name: 'u', tags: [], password: await passwords.hash('secret') })])
  users.apply([userRecord({ name: 'locked', tags: [] })])
  return (password: string) => login({ users, passwords }, { name, password, fromLoopback })
}

test('who logs in is let in with the right password only', async () => {
  const entered = await (await world('u'))('secret')
  assert.ok('user' in entered)
  assert.deepEqual([entered.user.name, entered.changes], ['u', []])
  assert.deepEqual(await (await world('u'))('wrong'), { refused: "user 'u' - invalid credentials" })
  const nobody = { refused: "user 'nobody' - invalid credentials" }
  assert.deepEqual(await (await world('nobody'))('secret'), nobody)
  const locked = { refused: "user 'locked' - invalid credentials" }
  assert.deepEqual(await (await world('locked'))(''), locked)
})

test('guest is let in from the same machine only', async () => {
  assert.ok('user' in (await (await world('guest'))('guest')))
  const refused = { refused: "user 'guest' can only connect via localhost" }
  assert.deepEqual(await (await world('guest', false))('guest'), refused)
  const wrong = { refused: "user 'guest' - invalid credentials" }
  assert.deepEqual(await (await world('guest', false))('wrong'), wrong)
  assert.ok('user' in (await (await world('u', false))('secret')))
})

test('the first login of an imported user gives the record with a newer hash', async () => {
  const hash = 'kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR'
  const imported = { name: 'u', tags: ['monitoring'], password: { algorithm: 'sha256', hash } }
  const users = usersOf(userRecord(imported as Parameters<typeof userRecord>[0]))
  const given = { name: 'u', password: 'test12', fromLoopback: true }
  const entered = await login({ users, passwords }, given)
  assert.ok('user' in entered)
  users.apply(entered.changes)
  assert.equal(users.user('u')?.password?.algorithm, 'scrypt')
  assert.deepEqual(users.user('u')?.tags, ['monitoring'])
  const again = await login({ users, passwords }, given)
  assert.ok('user' in again && again.changes.length === 0)
})

test('a password that is replaced while it is checked is checked again', async () => {
  const users = usersOf(userRecord({ name: 'u', tags: [], password: await passwords.hash('old') }))
  const next = userRecord({ name: 'u', tags: [], password: await passwords.hash('new') })
  const given = { name: 'u', fromLoopback: true }
  const withOld = login({ users, passwords }, { ...given, password: 'old' })
  const withNew = login({ users, passwords }, { ...given, password: 'new' })
  users.apply([next])
  assert.ok('refused' in (await withOld))
  assert.ok('user' in (await withNew))
})
