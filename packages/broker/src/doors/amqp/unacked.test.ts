import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UnackedList } from './unacked.ts'

const listOf = (count: number) => {
  const list = new UnackedList<string>()
  for (let n = 1; n <= count; n++) list.add(n % 2 === 0 ? 'even' : 'odd', 100 + n)
  return list
}

const tags = (taken: readonly { tag: number }[] | undefined) => taken?.map(({ tag }) => tag)

test('one, all up to one, all', () => {
  const list = listOf(6)
  assert.deepEqual(tags(list.take(3, false)), [3])
  assert.deepEqual(tags(list.take(4, true)), [1, 2, 4])
  assert.deepEqual(tags(list.take(0, true)), [5, 6])
  assert.deepEqual(tags(list.take(0, true)), [])
})

test('a tag that was never given, or is settled, is none', () => {
  const list = listOf(3)
  for (const [tag, multiple] of [
    [0, false],
    [4, false],
    [4, true],
  ] as const) {
    assert.equal(list.take(tag, multiple), undefined)
  }
  list.take(2, true)
  assert.equal(list.take(2, false), undefined)
  assert.equal(list.take(1, true), undefined)
  assert.equal(list.size, 1)
})

test('what is put back is in its place, and one source can be taken', () => {
  const list = listOf(5)
  const taken = list.take(3, true)!
  list.putBack(taken)
  assert.deepEqual(tags(list.takeAll('even')), [2, 4])
  assert.deepEqual(tags(list.takeAll()), [1, 3, 5])
})

test('deliveries that need no word are counted', () => {
  const list = listOf(1)
  assert.equal(list.pass(), 2)
  assert.equal(list.add('odd', 1), 3)
})
