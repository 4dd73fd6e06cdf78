import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Askings } from './askings.ts'

test('an unanswered asking is real after 10 s by a producer that stayed, else never', () => {
  const askings = new Askings()
  askings.unanswered.push(0, 5_000)
  assert.equal(askings.real(9_999), 0)
  assert.equal(askings.real(10_000), 1)
  askings.producerLeft(12_000)
  assert.equal(askings.real(20_000), 1)
  askings.inVain++
  assert.equal(askings.real(20_000), 2)
})
