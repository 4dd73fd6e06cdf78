import assert from 'node:assert/strict'
import { test } from 'node:test'
import { textTable } from './text-table.ts'

test('texts stand to the left, numbers to the right, what is not there is a dash', () => {
  const rows = [
    ['orders', 5, true, undefined],
    ['o', 12_000, false, 3],
  ]
  assert.equal(
    textTable(['queue', 'ready', 'durable', 'limit'], rows),
    [
      'queue   ready  durable  limit',
      'orders      5      yes      -',
      'o       12000       no      3',
    ].join('\n'),
  )
  assert.equal(textTable(['a', 'b'], []), 'a  b')
})
