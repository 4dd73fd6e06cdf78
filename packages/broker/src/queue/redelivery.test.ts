import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextStep, retryDelayMs } from './redelivery.ts'

test('the delay doubles with each attempt up to the cap', () => {
  const delays = { firstMs: 1_000, capMs: 10_000 }
  const found = [1, 2, 3, 4, 5, 6].map((attempts) => retryDelayMs(attempts, delays))
  assert.deepEqual(found, [1_000, 2_000, 4_000, 8_000, 10_000, 10_000])
})

test('any number of attempts gives a delay', () => {
  assert.equal(retryDelayMs(2_000_000, { firstMs: 1, capMs: 600_000 }), 600_000)
  assert.equal(retryDelayMs(2_000_000, { firstMs: 0, capMs: 600_000 }), 0)
})

test('a first delay above the cap is the cap', () => {
  assert.equal(retryDelayMs(1, { firstMs: 5_000, capMs: 1_000 }), 1_000)
})

test('there is no delay before the first attempt', () => {
  assert.throws(() => retryDelayMs(0, { firstMs: 1, capMs: 1 }), RangeError)
  assert.throws(() => retryDelayMs(Number.NaN, { firstMs: 1, capMs: 1 }), RangeError)
})

test('a row is given up when its attempts reach the limit, and never when there is none', () => {
  assert.equal(nextStep(2, 3), 'retry')
  assert.equal(nextStep(3, 3), 'give-up')
  assert.equal(nextStep(4, 3), 'give-up')
  assert.equal(nextStep(1, 1), 'give-up')
  assert.equal(nextStep(1_000_000, 0), 'retry')
})
