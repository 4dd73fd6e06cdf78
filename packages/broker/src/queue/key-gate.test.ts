import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KeyGate } from './key-gate.ts'
import type { Row } from './row-heap.ts'

const rowOf = (id: number, key: number, attempts = 0): Row => {
  return { id, position: id * 10, size: 5, key, attempts }
}

test('one row of a key is under way at a time, other keys pass', () => {
  const gate = new KeyGate()
  assert.equal(gate.enter(7), true)
  assert.equal(gate.enter(7), false)
  assert.equal(gate.enter(8), true)
  assert.equal(gate.isBusy(7), true)
  assert.equal(gate.leave(7), undefined)
  assert.equal(gate.isBusy(7), false)
  assert.equal(gate.enter(7), true)
})

test('rows without a key always pass', () => {
  const gate = new KeyGate()
  assert.equal(gate.enter(0), true)
  assert.equal(gate.enter(0), true)
  assert.equal(gate.isBusy(0), false)
  assert.equal(gate.leave(0), undefined)
  assert.throws(() => gate.setAside(rowOf(1, 0)), RangeError)
})

test('rows aside come one by one in order of ids, then the key is free', () => {
  const gate = new KeyGate()
  gate.enter(7)
  for (const id of [2, 4, 3]) gate.setAside(rowOf(id, 7))
  assert.equal(gate.aside, 3)
  assert.deepEqual([gate.leave(7)?.id, gate.leave(7)?.id, gate.leave(7)?.id], [2, 3, 4])
  assert.equal(gate.aside, 0)
  assert.equal(gate.enter(7), false, 'row 4 is still under way')
  assert.equal(gate.leave(7), undefined)
  assert.equal(gate.enter(7), true)
})

test('a row of a free key, or the same row twice, cannot stand aside', () => {
  const gate = new KeyGate()
  assert.throws(() => gate.setAside(rowOf(1, 7)), /Setting row 1 aside: its key 7 is free/)
  assert.equal(gate.isBusy(7), false)
  gate.enter(7)
  gate.setAside(rowOf(1, 7))
  assert.throws(() => gate.setAside(rowOf(1, 7)), /it stands aside already/)
  assert.equal(gate.aside, 1)
})

test('a row is taken from aside and its key stays busy', () => {
  const gate = new KeyGate()
  gate.enter(7)
  gate.setAside(rowOf(2, 7))
  gate.setAside(rowOf(1, 7))
  assert.equal(gate.take(2, 8), undefined)
  assert.equal(gate.take(2, 7)?.id, 2)
  assert.equal(gate.take(2, 7), undefined)
  assert.equal(gate.take(1, 7)?.id, 1)
  assert.equal(gate.aside, 0)
  assert.equal(gate.enter(7), false)
})

test('a key with nothing busy and nothing aside is free', () => {
  const gate = new KeyGate()
  for (let key = 1; key <= 10_000; key++) {
    gate.enter(key)
    gate.setAside(rowOf(key, key))
    gate.leave(key)
    gate.leave(key)
  }
  for (let key = 1; key <= 10_000; key++) assert.equal(gate.isBusy(key), false)
})

test('a long line behind one key is passed in order', () => {
  const gate = new KeyGate()
  gate.enter(7)
  for (let id = 1; id <= 200_000; id++) gate.setAside(rowOf(id, 7))
  for (let id = 1; id <= 200_000; id++) assert.equal(gate.leave(7)?.id, id)
  assert.equal(gate.leave(7), undefined)
})

/** The gate beside a map of arrays that does the same. */
class Both {
  readonly gate = new KeyGate()
  readonly model = new Map<number, Row[]>()
  #seed = 1_234
  #lastId = 0

  random(below: number): number {
    this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((this.#seed / 2 ** 32) * below)
  }

  setAside(key: number): void {
    const row = rowOf(++this.#lastId, key)
    const lane = this.model.get(key)
    if (lane === undefined) assert.throws(() => this.gate.setAside(row), RangeError)
    else this.gate.setAside(row)
    lane?.push(row)
  }

  leave(key: number): void {
    const row = this.model.get(key)?.shift()
    assert.equal(this.gate.leave(key), row)
    if (row === undefined) this.model.delete(key)
  }

  take(key: number): void {
    const lane = this.model.get(key) ?? []
    const at = this.random(lane.length + 1)
    assert.equal(this.gate.take(lane[at]?.id ?? 0, key), lane[at])
    lane.splice(at, 1)
  }

  enter(key: number): void {
    const free = key === 0 || !this.model.has(key)
    assert.equal(this.gate.enter(key), free)
    if (key !== 0 && free) this.model.set(key, [])
  }
}

test('100,000 random operations agree with plain arrays', () => {
  const both = new Both()
  const { gate, model } = both
  for (let i = 0; i < 100_000; i++) {
    const growing = i % 5_000 < 2_500
    const key = both.random(20)
    const dice = both.random(100)
    if (dice < 20) both.enter(key)
    else if (dice < (growing ? 70 : 45)) both.setAside(key)
    else if (dice < 95) both.leave(key)
    else both.take(key)
    assert.equal(gate.isBusy(key), model.has(key))
    assert.equal(gate.aside, [...model.values()].flat().length)
  }
})
