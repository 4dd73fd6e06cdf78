import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Input, InputError } from './input.ts'

const input = new Input({
  text: 'a',
  count: 3,
  none: null,
  yes: true,
  list: ['x'],
  table: { a: 1 },
})

test('a field is read as what it is', () => {
  assert.deepEqual(
    [input.text('text'), input.count('count'), input.flag('yes'), input.texts('list')],
    ['a', 3, true, ['x']],
  )
  assert.deepEqual(input.table('table'), { a: 1 })
})

test('what is missing, or null, has the default; a limit of null is none', () => {
  assert.deepEqual(
    [input.textOr('none', 'b'), input.countOr('other', 5), input.flag('other')],
    ['b', 5, false],
  )
  assert.deepEqual(
    [input.limit('none'), input.limit('other'), input.limit('count')],
    [null, undefined, 3],
  )
})

test('a wrong one is named, with what it is and what it has to be', () => {
  const wrong = (read: () => unknown, message: string) => {
    assert.throws(read, (error: Error) => error instanceof InputError && error.message === message)
  }
  wrong(() => input.text('count'), 'count is 3, not a text')
  wrong(() => input.count('text'), 'text is "a", not a whole number from 0')
  wrong(() => input.text('other'), 'other is missing, not a text')
  wrong(() => input.texts('table'), 'table is {"a":1}, not a list of texts')
  wrong(() => input.table('list'), 'list is ["x"], not an object')
  wrong(() => new Input([]), 'the input is no JSON object')
})
