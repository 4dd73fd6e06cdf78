import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from './random.ts'

function draws(random: SeededRandom, count = 20): number[] {
  return Array.from({ length: count }, () => random.next())
}

test('the same seed gives the same numbers, another seed others', () => {
  assert.deepEqual(draws(new SeededRandom(7)), draws(new SeededRandom(7)))
  const seeds = [0, 1, 2, 7, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER, -1]
  const first = seeds.map((seed) => new SeededRandom(seed).next())
  assert.equal(new Set(first).size, seeds.length)
})

test('the numbers of a seed never change between versions', () => {
  const random = new SeededRandom(1)
  assert.deepEqual(
    [random.word(), random.word(), random.word()],
    [1046470090, 277520238, 3078138750],
  )
})

test('a draw does not shift a fork, and forks differ by label', () => {
  const quiet = new SeededRandom(7)
  const busy = new SeededRandom(7)
  draws(busy, 1000)
  assert.deepEqual(draws(quiet.fork('disk')), draws(busy.fork('disk')))
  const labels = ['disk', 'disl', 'clock', 'process 1', 'process 2', '', 'a', 'aa', 'aaaaa']
  const first = labels.map((label) => quiet.fork(label).next())
  assert.equal(new Set([...first, quiet.next()]).size, labels.length + 1)
})

test('numbers are spread evenly over [0, 1)', () => {
  const random = new SeededRandom(3).fork('spread')
  const buckets = new Array<number>(10).fill(0)
  for (const number of draws(random, 100_000)) buckets[Math.floor(number * 10)]!++
  for (const count of buckets) assert.ok(count > 9_500 && count < 10_500, `${buckets}`)
})

test('an id has 32 hexadecimal characters and does not come twice', () => {
  const random = new SeededRandom(3)
  const ids = Array.from({ length: 1000 }, () => random.id())
  for (const id of ids) assert.match(id, /^[0-9a-f]{32}$/)
  assert.equal(new Set(ids).size, 1000)
})

test('a seed that is no safe integer is refused', () => {
  for (const seed of [0.5, Number.NaN, 2 ** 53]) {
    assert.throws(() => new SeededRandom(seed), /^RangeError: Cannot seed: .* is no safe integer/)
  }
})
