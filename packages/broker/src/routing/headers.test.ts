import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Routing } from './routing.ts'
import { bindingOf, routed } from './world.fixture.ts'

/** Whether a message with these headers takes a binding with these arguments. */
function takes(values: Record<string, unknown>, headers: Record<string, unknown>): boolean {
  const routing = new Routing('/')
  routing.addQueue('q')
  routing.bind(bindingOf('amq.headers -k-> q', values))
  return routed(routing, 'amq.headers', '', headers).length === 1
}

test('all is the default: every argument is among the headers', () => {
  assert.equal(takes({ a: 1, b: 'x' }, { a: 1, b: 'x', c: true }), true)
  assert.equal(takes({ 'x-match': 'all', a: 1, b: 'x' }, { a: 1 }), false)
  assert.equal(takes({ a: 1 }, { a: 2 }), false)
  assert.equal(takes({}, {}), true)
})

test('any: at least one argument is among the headers', () => {
  assert.equal(takes({ 'x-match': 'any', a: 1, b: 'x' }, { b: 'x' }), true)
  assert.equal(takes({ 'x-match': 'any', a: 1, b: 'x' }, { a: 2, b: 'y' }), false)
  assert.equal(takes({ 'x-match': 'any' }, { a: 1 }), false)
})

test('arguments that start with x- count only with -with-x', () => {
  assert.equal(takes({ 'x-match': 'all', 'x-a': 1, b: 2 }, { b: 2 }), true)
  assert.equal(takes({ 'x-match': 'all-with-x', 'x-a': 1, b: 2 }, { b: 2 }), false)
  assert.equal(takes({ 'x-match': 'all-with-x', 'x-a': 1, b: 2 }, { 'x-a': 1, b: 2 }), true)
  assert.equal(takes({ 'x-match': 'any', 'x-a': 1 }, { 'x-a': 1 }), false)
  assert.equal(takes({ 'x-match': 'any-with-x', 'x-a': 1 }, { 'x-a': 1 }), true)
})

test('an argument without a value asks only that the header is there', () => {
  assert.equal(takes({ a: null }, { a: 'anything' }), true)
  assert.equal(takes({ a: null }, { b: 1 }), false)
})

test('numbers are compared by value, other types never equal each other', () => {
  assert.equal(takes({ a: { type: 'l', value: 1n } }, { a: { type: 'b', value: 1 } }), true)
  assert.equal(takes({ a: { type: 'd', value: 1 } }, { a: { type: 'I', value: 1 } }), true)
  assert.equal(takes({ a: 1 }, { a: '1' }), false)
  assert.equal(takes({ a: true }, { a: 'true' }), false)
  const list = (...values: number[]) => ({ type: 'A', value: values })
  assert.equal(takes({ a: list(1, 2) }, { a: list(1, 2) }), true)
  assert.equal(takes({ a: list(1, 2) }, { a: list(1, 3) }), false)
})

test('a bad x-match is refused in the words that RabbitMQ uses', () => {
  assert.throws(() => takes({ 'x-match': 'some' }, {}), {
    reason: 'argument',
    message: 'Invalid x-match field value <<"some">>; expected all, any, all-with-x, or any-with-x',
  })
  assert.throws(() => takes({ 'x-match': 1 }, {}), {
    reason: 'argument',
    message: 'Invalid x-match field type signedint (value 1); expected longstr',
  })
})
