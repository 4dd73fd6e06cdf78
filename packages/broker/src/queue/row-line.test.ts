import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryInUse } from './memory.fixture.ts'
import type { Row } from './row-heap.ts'
import { RowLine } from './row-line.ts'

const rowOf = (id: number): Row => ({ id, position: 0, size: 0, key: 1, attempts: 0 })

const lineOf = (...ids: number[]): RowLine => {
  const line = new RowLine()
  for (const id of ids) line.add(rowOf(id))
  return line
}

/** Takes out all. */
const idsOf = (line: RowLine): number[] => {
  return Array.from({ length: line.length }, () => line.shift()!.id)
}

test('a line stands in order of ids, whatever the order of coming', () => {
  assert.deepEqual(idsOf(lineOf(3, 1, 4, 2)), [1, 2, 3, 4])
})

test('a row that comes late goes to its place, also behind rows that left', () => {
  const line = lineOf(10, 20, 30, 40, 50)
  assert.equal(line.shift()?.id, 10)
  line.add(rowOf(5))
  line.add(rowOf(35))
  assert.deepEqual(idsOf(line), [5, 20, 30, 35, 40, 50])
})

test('the same row twice is refused', () => {
  const line = lineOf(1, 2)
  assert.equal(line.add(rowOf(1)), false)
  assert.equal(line.add(rowOf(2)), false)
  assert.equal(line.length, 2)
})

test('rows leave at the front, or by id from anywhere', () => {
  const line = lineOf(1, 2, 3, 4)
  assert.equal(line.take(3)?.id, 3)
  assert.equal(line.take(3), undefined)
  assert.equal(line.take(1)?.id, 1)
  assert.equal(line.take(1), undefined)
  assert.deepEqual([line.shift()?.id, line.shift()?.id, line.shift()?.id], [2, 4, undefined])
  assert.equal(line.length, 0)
})

test('a line that moves on keeps no memory of rows that left', () => {
  const line = lineOf(1, 2)
  const before = memoryInUse()
  for (let id = 3; id <= 300_000; id++) {
    line.add(rowOf(id))
    line.shift()
  }
  const grown = memoryInUse() - before
  assert.ok(grown < 1_000_000, `${grown} bytes for two rows`)
  assert.equal(line.length, 2)
})
