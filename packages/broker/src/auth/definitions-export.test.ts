import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EXPORT } from './definitions.fixture.ts'
import { readDefinitions } from './definitions.ts'
import { type Exported, writeDefinitions } from './definitions-export.ts'
import type { User } from './records.ts'

const HUFU = { product: 'Hufu', version: '4.0.0' }
const SCRYPT = `ln=15,r=8,p=3$salt$${Buffer.alloc(32).toString('base64')}`

/** What an export of RabbitMQ holds, as it would be kept here. */
function kept(): Exported {
  const { ignored: _, users, ...rest } = readDefinitions(JSON.stringify(EXPORT))
  return { ...rest, users: users.map(({ plainPassword: _, ...user }): User => user) }
}

test('what is written is read as it was', () => {
  const before = kept()
  const { ignored, ...after } = readDefinitions(JSON.stringify(writeDefinitions(before, HUFU)))
  assert.deepEqual(ignored, [])
  const byName = (users: readonly User[]) => [...users].sort((a, b) => (a.name < b.name ? -1 : 1))
  assert.deepEqual(
    { ...after, users: byName(after.users) },
    { ...before, users: byName(before.users) },
  )
})

test('the same definitions are written in the same order', () => {
  const before = kept()
  const turned = { ...before, users: before.users.toReversed(), vhosts: before.vhosts.toReversed() }
  assert.deepEqual(writeDefinitions(turned, HUFU), writeDefinitions(before, HUFU))
})

test("Hufu's own hashes have a name of their own, and none goes to RabbitMQ", () => {
  const password = { algorithm: 'scrypt', hash: SCRYPT } as const
  const exported = { ...kept(), users: [{ name: 'u', tags: ['management'], password }] }
  const [own] = (writeDefinitions(exported, HUFU) as { users: object[] }).users
  assert.deepEqual(own, {
    name: 'u',
    password_hash: SCRYPT,
    hashing_algorithm: 'hufu_password_hashing_scrypt',
    tags: ['management'],
    limits: {},
  })
  const other = writeDefinitions(exported, { ...HUFU, forRabbit: true }) as { users: object[] }
  assert.deepEqual(other.users[0], {
    ...own,
    password_hash: '',
    hashing_algorithm: 'rabbit_password_hashing_sha256',
  })
})
