import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { SeededRandom } from '@hufu/os/simulated'
import type { PasswordHash } from './password-hash.ts'
import { checkHash } from './password-hash.ts'
import { Passwords } from './passwords.ts'

const CHEAP = { cost: { ln: 4, r: 1, p: 1 } }

const passwordsOf = (limits = {}) => {
  return new Passwords(new SeededRandom(1), { ...CHEAP, ...limits })
}

/** As RabbitMQ makes it. */
function rabbitHash(algorithm: 'sha256' | 'sha512', password: string): PasswordHash {
  const salt = Buffer.from([1, 2, 3, 4])
  const digest = createHash(algorithm).update(salt).update(password).digest()
  return { algorithm, hash: Buffer.concat([salt, digest]).toString('base64') }
}

test('a password fits its own hash only, and each hash has its own salt', async () => {
  const passwords = passwordsOf()
  const stored = await passwords.hash('secret')
  assert.deepEqual(await passwords.verify('secret', stored), { right: true })
  assert.deepEqual(await passwords.verify('Secret', stored), { right: false })
  assert.deepEqual(await passwords.verify('', stored), { right: false })
  assert.notEqual((await passwords.hash('secret')).hash, stored.hash)
  assert.match(stored.hash, /^ln=4,r=1,p=1\$[\da-f]{32}\$[\w+/=]{44}$/)
  checkHash(stored)
})

test('hashes of RabbitMQ are accepted, and come back as one of our own', async () => {
  const passwords = passwordsOf()
  for (const algorithm of ['sha256', 'sha512'] as const) {
    const stored = rabbitHash(algorithm, 'secret')
    checkHash(stored)
    assert.deepEqual(await passwords.verify('wrong', stored), { right: false })
    const { right, rehashed } = await passwords.verify('secret', stored)
    assert.equal(right, true)
    assert.equal(rehashed?.algorithm, 'scrypt')
    assert.deepEqual(await passwordsOf().verify('secret', rehashed), { right: true })
  }
})

test('the example of the RabbitMQ documentation: password test12', async () => {
  const hash = 'kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR'
  assert.equal((await passwordsOf().verify('test12', { algorithm: 'sha256', hash })).right, true)
})

test('a hash that is cheaper than new ones is due to be made again', async () => {
  const stored = await passwordsOf().hash('secret')
  const dearer = passwordsOf({ cost: { ln: 5, r: 1, p: 1 } })
  const { rehashed } = await dearer.verify('secret', stored)
  assert.match(rehashed!.hash, /^ln=5,/)
  assert.deepEqual(await dearer.verify('secret', rehashed), { right: true })
})

test('without a stored hash no password is right', async () => {
  assert.deepEqual(await passwordsOf().verify('', undefined), { right: false })
  assert.deepEqual(await passwordsOf().verify('x', undefined), { right: false })
})

test('many that come with one password at once cost one hash, and later ones none', async () => {
  const stored = await passwordsOf().hash('secret')
  const passwords = passwordsOf({ atOnce: 1, waitingMax: 0 })
  const many = Array.from({ length: 100 }, () => passwords.verify('secret', stored))
  const wrong = passwords.verify('wrong', stored)
  await assert.rejects(wrong, { reason: 'limit', message: /0 wait already/ })
  for (const verdict of await Promise.all(many)) assert.equal(verdict.right, true)
  const busy = passwords.verify('wrong', stored)
  assert.deepEqual(await passwords.verify('secret', stored), { right: true })
  assert.deepEqual(await busy, { right: false })
})

test('more than are computed at once wait, and all are answered', async () => {
  const passwords = passwordsOf({ atOnce: 2 })
  const stored = await passwords.hash('7')
  const tried = Array.from({ length: 20 }, (_, i) => passwords.verify(String(i), stored))
  const right = (await Promise.all(tried)).map((verdict) => verdict.right)
  assert.deepEqual(
    right.flatMap((each, i) => (each ? [i] : [])),
    [7],
  )
})

test('a password over the limit is refused unseen', async () => {
  const passwords = passwordsOf({ passwordBytesMax: 3 })
  await assert.rejects(passwords.hash('ééé'), { reason: 'limit' })
  assert.deepEqual(await passwords.verify('long', await passwords.hash('abc')), { right: false })
})

test('a hash that nobody could have made is refused', () => {
  const refused = (stored: PasswordHash, message: RegExp) => {
    assert.throws(() => checkHash(stored), { reason: 'argument', message })
  }
  refused({ algorithm: 'sha256', hash: 'AAAA' }, /it is not 36 bytes in base64, as sha256 has/)
  refused({ algorithm: 'scrypt', hash: 'ln=99,r=8,p=1$x$y' }, /it is no scrypt hash of Hufu/)
})
