import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryInUse } from '../queue/memory.fixture.ts'
import { DueHeap } from './due-heap.ts'

interface Entry {
  dueAt: number
  queue: number
  id: number
}

const popped = (heap: DueHeap): Entry | undefined =>
  heap.pop() ? { dueAt: heap.dueAt, queue: heap.queue, id: heap.id } : undefined

const drained = (heap: DueHeap): Entry[] => {
  const entries: Entry[] = []
  for (let entry = popped(heap); entry !== undefined; entry = popped(heap)) entries.push(entry)
  return entries
}

const byOrder = (a: Entry, b: Entry): number =>
  a.dueAt - b.dueAt || a.id - b.id || a.queue - b.queue

test('the earliest comes first; of the same time, the smallest id', () => {
  const heap = new DueHeap()
  heap.push(200, 1, 1)
  heap.push(100, 1, 9)
  heap.push(100, 2, 3)
  heap.push(100, 1, 3)
  assert.equal(heap.peekDue(), 100)
  assert.deepEqual(drained(heap), [
    { dueAt: 100, queue: 1, id: 3 },
    { dueAt: 100, queue: 2, id: 3 },
    { dueAt: 100, queue: 1, id: 9 },
    { dueAt: 200, queue: 1, id: 1 },
  ])
})

test('an empty heap is due never', () => {
  const heap = new DueHeap()
  assert.equal(heap.peekDue(), Number.POSITIVE_INFINITY)
  assert.equal(heap.pop(), false)
  heap.compact(() => true)
  assert.equal(heap.length, 0)
})

test('a due time that is no number is refused', () => {
  const heap = new DueHeap()
  assert.throws(() => heap.push(Number.NaN, 1, 1), RangeError)
  assert.equal(heap.length, 0)
})

test('the largest ids, times and queue numbers are kept exactly', () => {
  const heap = new DueHeap()
  const entry = {
    dueAt: Number.MAX_SAFE_INTEGER,
    queue: 0xffff_ffff,
    id: Number.MAX_SAFE_INTEGER - 1,
  }
  heap.push(entry.dueAt, entry.queue, entry.id)
  assert.deepEqual(drained(heap), [entry])
})

test('an entry costs 20 bytes, and memory shrinks with the content', () => {
  const heap = new DueHeap()
  const quiet = memoryInUse()
  const count = 2 ** 20
  for (let id = 1; id <= count; id++) heap.push(id % 977, 1, id)
  const full = memoryInUse() - quiet
  assert.ok(full <= count * 20 * 1.05, `${full} bytes`)
  while (heap.length > 1_000) heap.pop()
  const few = memoryInUse() - quiet
  assert.ok(few <= 1_000_000, `${few} bytes`)
  for (let id = 1; id <= count; id++) heap.push(id % 977, 1, id)
  heap.compact(() => false)
  const none = memoryInUse() - quiet
  assert.ok(none <= 1_000_000, `${none} bytes`)
})

test('compact keeps the order of what stays', () => {
  const heap = new DueHeap()
  for (let id = 1; id <= 1_000; id++) heap.push((id * 7_919) % 1_009, id % 3, id)
  heap.compact((queue, id, dueAt) => {
    assert.equal(dueAt, (id * 7_919) % 1_009)
    assert.equal(queue, id % 3)
    return id % 2 === 0
  })
  const entries = drained(heap)
  assert.equal(entries.length, 500)
  assert.ok(entries.every((entry) => entry.id % 2 === 0))
  assert.deepEqual(entries, entries.toSorted(byOrder))
})

test('100,000 random operations agree with a sorted array', () => {
  let seed = 99
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((seed / 2 ** 32) * below)
  }
  const heap = new DueHeap()
  let model: Entry[] = []
  const push = () => {
    const entry = { dueAt: random(50), queue: random(3), id: random(100) }
    const at = model.findIndex((other) => byOrder(other, entry) > 0)
    model.splice(at < 0 ? model.length : at, 0, entry)
    heap.push(entry.dueAt, entry.queue, entry.id)
  }
  for (let i = 0; i < 100_000; i++) {
    const growing = i % 2_000 < 1_000
    const dice = random(1_000)
    if (dice < (growing ? 600 : 390)) push()
    else if (dice < 998) assert.deepEqual(popped(heap), model.shift())
    else {
      const gone = random(3)
      heap.compact((queue) => queue !== gone)
      model = model.filter((entry) => entry.queue !== gone)
    }
    assert.equal(heap.length, model.length)
    assert.equal(heap.peekDue(), model[0]?.dueAt ?? Number.POSITIVE_INFINITY)
  }
  assert.deepEqual(drained(heap), model)
})
