import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Gate } from './gate.ts'

interface Item {
  readonly id: string
  readonly key?: string
}

function gate(credit: number, byKey: boolean, ...ids: string[]) {
  const made = new Gate<Item>(credit, byKey)
  const items = new Map(ids.map((id) => [id, { id, key: id[0]! }]))
  for (const item of items.values()) made.add(item)
  const take = () => made.take().map(({ id }) => id)
  return { gate: made, take, item: (id: string) => items.get(id)! }
}

test('no more than the credit is out; what is settled makes room', () => {
  const { gate: made, take, item } = gate(2, false, 'a1', 'a2', 'a3')
  assert.deepEqual(take(), ['a1', 'a2'])
  assert.deepEqual(take(), [])
  made.release(item('a1'))
  assert.deepEqual(take(), ['a3'])
})

test('a credit that shrinks takes nothing back, and gives nothing until it is kept', () => {
  const { gate: made, take, item } = gate(2, false, 'a1', 'a2', 'a3')
  take()
  made.credit = 1
  made.release(item('a1'))
  assert.deepEqual(take(), [])
  made.release(item('a2'))
  assert.deepEqual(take(), ['a3'])
})

test('by key: one of a key is out, the next goes when it is settled, others flow', () => {
  const { gate: made, take, item } = gate(9, true, 'a1', 'a2', 'b1', 'a3')
  assert.deepEqual(take(), ['a1', 'b1'])
  made.release(item('b1'))
  assert.deepEqual(take(), [])
  made.release(item('a1'))
  assert.deepEqual(take(), ['a2'])
})

test('by key: one that is held keeps its key, and goes again before those behind it', () => {
  const { gate: made, take, item } = gate(1, true, 'a1', 'a2', 'b1')
  take()
  made.hold()
  assert.deepEqual(take(), ['b1'])
  made.release(item('b1'))
  made.again(item('a1'))
  assert.deepEqual(take(), ['a1'])
  made.release(item('a1'))
  assert.deepEqual(take(), ['a2'])
})

test('a key that is done with is forgotten: its next message goes at once', () => {
  const { gate: made, take, item } = gate(9, true, 'a1')
  take()
  made.release(item('a1'))
  made.add({ id: 'a2', key: 'a' })
  assert.deepEqual(take(), ['a2'])
})
