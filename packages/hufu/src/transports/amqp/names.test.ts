import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Names } from './names.ts'

const names = new Names('hufu')

test('names can be read', () => {
  assert.equal(names.exchange, 'hufu')
  assert.equal(names.queue('order.placed', 'points'), 'hufu/order.placed/points')
  assert.equal(names.turn('order.placed', 'points'), 'hufu/order.placed/points/turn')
  assert.equal(names.rung(160), 'hufu/160ms')
})

test('a name that is too long is cut to 255 bytes, whole characters, and stays its own', () => {
  const long = '虎'.repeat(128)
  const found = [
    names.queue(long, long),
    names.queue(long, `${long.slice(1)}符`),
    names.turn(long, long),
    names.queue(`a${long.slice(1)}`, '👍'.repeat(64)),
  ]
  for (const name of found) {
    assert.ok(Buffer.byteLength(name) <= 255, name)
    assert.ok(name.isWellFormed() && name.startsWith('hufu/'))
  }
  assert.equal(new Set(found).size, found.length)
  assert.equal(names.queue(long, long), found[0])
})
