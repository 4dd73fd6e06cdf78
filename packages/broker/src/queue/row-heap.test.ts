import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryInUse } from './memory.fixture.ts'
import { type Row, RowHeap } from './row-heap.ts'

const rowOf = (id: number, attempts = 1): Row => ({
  id,
  position: id * 10,
  size: 5,
  key: 0,
  attempts,
})

/** Takes out the one that comes up. */
const pop = (heap: RowHeap): Row | undefined => {
  const top = heap.peek()
  return top && heap.take(top.id)
}

const heapOf = (...ids: number[]): RowHeap => {
  const heap = new RowHeap()
  for (const id of ids) heap.push(rowOf(id))
  return heap
}

test('the smallest id leaves first, whatever the order of coming', () => {
  const heap = heapOf(5, 1, 4, 2, 3)
  assert.equal(heap.peek()?.id, 1)
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6].map(() => pop(heap)?.id),
    [1, 2, 3, 4, 5, undefined],
  )
  assert.equal(heap.peek(), undefined)
})

test('a row taken out by id does not come up again', () => {
  const heap = heapOf(1, 2, 3)
  assert.deepEqual(heap.take(1), rowOf(1))
  assert.equal(heap.take(1), undefined)
  assert.equal(heap.peek()?.id, 2)
})

test('a row taken out and requeued comes up once, as the same object or another', () => {
  const heap = heapOf(1, 2)
  heap.push(heap.take(1)!)
  heap.take(2)
  heap.push(rowOf(2, 7))
  assert.deepEqual(pop(heap), rowOf(1))
  assert.deepEqual(pop(heap), rowOf(2, 7))
  assert.equal(pop(heap), undefined)
})

test('the same row twice is refused', () => {
  assert.throws(() => heapOf(1, 1), /Requeueing row 1: it is in the heap already/)
})

test('rows taken out by id leave no memory behind', () => {
  const heap = heapOf(1)
  const before = memoryInUse()
  for (let id = 2; id <= 300_000; id++) {
    heap.push(rowOf(id))
    heap.take(id)
  }
  const grown = memoryInUse() - before
  assert.ok(grown < 1_000_000, `${grown} bytes for one row`)
  for (let id = 2; id <= 300_000; id++) heap.push(rowOf(id))
  for (let id = 150_000; id <= 300_000; id++) heap.take(id)
  while (pop(heap));
  const left = memoryInUse() - before
  assert.ok(left < 1_000_000, `${left} bytes for no row`)
})

test('100,000 random operations agree with a plain map', () => {
  let seed = 4_711
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((seed / 2 ** 32) * below)
  }
  const heap = new RowHeap()
  const model = new Map<number, Row>()
  const smallest = (): Row | undefined => {
    let found: Row | undefined
    for (const row of model.values()) if (found === undefined || row.id < found.id) found = row
    return found
  }
  for (let i = 0; i < 100_000; i++) {
    const growing = i % 2_000 < 1_200
    const id = 1 + random(300)
    const dice = random(100)
    if (dice < (growing ? 60 : 25)) {
      const row = rowOf(id, random(10))
      if (model.has(id)) assert.throws(() => heap.push(row), RangeError)
      else heap.push(row)
      if (!model.has(id)) model.set(id, row)
    } else if (dice < 70) {
      assert.equal(heap.take(id), model.get(id))
      model.delete(id)
    } else if (dice < 75) {
      assert.equal(heap.peek(), smallest())
    } else {
      const row = smallest()
      assert.equal(pop(heap), row)
      if (row !== undefined) model.delete(row.id)
    }
  }
  for (let row = smallest(); row !== undefined; row = smallest()) {
    assert.equal(pop(heap), row)
    model.delete(row.id)
  }
  assert.equal(heap.peek(), undefined)
})
