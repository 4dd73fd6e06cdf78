import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Policies } from './policies.ts'
import type { Policy } from './policy.ts'
import type { QueueArguments } from './queue-arguments.ts'
import { alternateSetting, queueSettings } from './settings.ts'

const compile = (pattern: string) => {
  const expression = new RegExp(pattern)
  return (name: string) => expression.test(name)
}

function policyOf(name: string, definition: Policy['definition'], rest: Partial<Policy> = {}) {
  return { name, pattern: '.*', applyTo: 'all', priority: 0, definition, ...rest } as Policy
}

function settingsOf(given: Partial<QueueArguments>, usual?: object, operators?: object) {
  const policies = new Policies(compile)
  if (usual !== undefined) policies.set(policyOf('p', { ...usual }))
  if (operators !== undefined) policies.set(policyOf('o', { ...operators }), { operator: true })
  const all: QueueArguments = { type: 'classic', ...given }
  return queueSettings(all, policies.ofQueue('q', all.type))
}

test('of the policies that match, the one with the highest priority applies alone', () => {
  const policies = new Policies(compile)
  policies.set(policyOf('low', { 'max-length': 1, overflow: 'reject-publish' }, { priority: 1 }))
  policies.set(policyOf('high', { 'max-length': 2 }, { priority: 2, pattern: '^orders' }))
  assert.equal(policies.ofQueue('orders.eu', 'classic').policy?.name, 'high')
  assert.equal(policies.ofQueue('my-orders', 'classic').policy?.name, 'low')
  policies.remove('low')
  assert.equal(policies.ofQueue('my-orders', 'classic').policy, undefined)
  policies.set(policyOf('a', { expires: 1 }, { priority: 2 }))
  assert.equal(policies.ofQueue('orders.eu', 'classic').policy?.name, 'a', 'equal: by name')
})

test('a policy applies to what it is for', () => {
  const appliesTo = (applyTo: Policy['applyTo']) => {
    const policies = new Policies(compile)
    policies.set(policyOf('p', { 'alternate-exchange': 'a' }, { applyTo }))
    const applied = [
      policies.ofQueue('n', 'classic'),
      policies.ofQueue('n', 'quorum'),
      policies.ofExchange('n'),
    ]
    return applied.map((each) => each.policy !== undefined)
  }
  assert.deepEqual(appliesTo('all'), [true, true, true])
  assert.deepEqual(appliesTo('queues'), [true, true, false])
  assert.deepEqual(appliesTo('classic_queues'), [true, false, false])
  assert.deepEqual(appliesTo('quorum_queues'), [false, true, false])
  assert.deepEqual(appliesTo('exchanges'), [false, false, true])
  assert.deepEqual(appliesTo('streams'), [false, false, false])
})

test('arguments win over policies', () => {
  const policy = { overflow: 'reject-publish', 'dead-letter-exchange': 'theirs' }
  assert.equal(settingsOf({ overflow: 'drop-head' }, policy).overflow, 'drop-head')
  assert.equal(settingsOf({}, policy).overflow, 'reject-publish')
  assert.equal(settingsOf({}).overflow, 'drop-head')
  assert.equal(settingsOf({ deadLetterExchange: '' }, policy).deadLetterExchange, '')
  assert.equal(settingsOf({}, policy).deadLetterExchange, 'theirs')
})

test('of limits the smallest holds, whoever gives it', () => {
  const given = { maxLength: 5 }
  assert.equal(settingsOf(given, { 'max-length': 3 }).maxLength, 3)
  assert.equal(settingsOf(given, { 'max-length': 8 }).maxLength, 5)
  assert.equal(settingsOf(given, { 'max-length': 8 }, { 'max-length': 2 }).maxLength, 2)
  assert.equal(settingsOf({}).maxLength, undefined)
})

test('the delivery limit: 20 for quorum queues, negative for none', () => {
  assert.equal(settingsOf({}).deliveryLimit, undefined)
  assert.equal(settingsOf({ type: 'quorum' }).deliveryLimit, 20)
  assert.equal(settingsOf({ type: 'quorum', deliveryLimit: -1 }).deliveryLimit, undefined)
  assert.equal(settingsOf({ type: 'quorum' }, { 'delivery-limit': 50 }).deliveryLimit, 50)
  const both = settingsOf({ type: 'quorum', deliveryLimit: -1 }, undefined, { 'delivery-limit': 7 })
  assert.equal(both.deliveryLimit, 7)
})

test('a policy may give an exchange its alternate', () => {
  const policies = new Policies(compile)
  policies.set(policyOf('p', { 'alternate-exchange': 'rest' }))
  assert.equal(alternateSetting(policies.ofExchange('x')), 'rest')
})

test('a policy that says nothing, or nonsense, is refused', () => {
  const policies = new Policies(compile)
  const refused = (definition: object, why: string, operator = false) => {
    const kind = operator ? 'operator policy' : 'policy'
    assert.throws(() => policies.set(policyOf('p', { ...definition }), { operator }), {
      reason: 'argument',
      message: `Setting ${kind} 'p': ${why}`,
    })
  }
  refused({}, 'the definition is empty')
  refused({ 'message-ttl': -1 }, '-1 is not a valid message TTL')
  refused({ overflow: 'spill' }, '"spill" is not a valid overflow value')
  refused({ odd: 1 }, "'odd' is not a recognised setting of it")
  refused({ overflow: 'drop-head' }, "'overflow' is not a recognised setting of it", true)
  assert.deepEqual(policies.list(), [])
  policies.set(policyOf('ha', { 'ha-mode': 'all', 'queue-mode': 'lazy' }))
  assert.equal(policies.list().length, 1, 'settings of a cluster are taken without effect')
})
