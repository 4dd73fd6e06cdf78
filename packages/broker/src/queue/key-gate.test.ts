import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KeyGate } from './key-gate.ts'
import type { Row } from './row-heap.ts'

const rowOf = (id: number, key: number, attempts = 0): Row => {
  return { id, position: id * 10, size: 5, key, attempts }
}

const idsOf = (gate: KeyGate): number[] => [...gate].map((row) => row.id)

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
  gate.hold(0)
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

test('a row put back goes before those aside, even with a larger id', () => {
  const gate = new KeyGate()
  gate.enter(7)
  gate.setAside(rowOf(5, 7))
  gate.putBack(rowOf(10, 7, 1))
  assert.deepEqual(gate.leave(7), rowOf(10, 7, 1))
  assert.equal(gate.leave(7)?.id, 5)
})

test('a held key stays busy until it is left', () => {
  const gate = new KeyGate()
  gate.hold(7)
  gate.hold(7)
  assert.equal(gate.enter(7), false)
  gate.setAside(rowOf(2, 7))
  gate.hold(7)
  assert.equal(gate.leave(7)?.id, 2, 'holding again loses nothing that stands aside')
  assert.equal(gate.leave(7), undefined)
  assert.equal(gate.isBusy(7), false)
})

test('a row of a free key, or the same row twice, cannot stand aside', () => {
  const gate = new KeyGate()
  assert.throws(() => gate.setAside(rowOf(1, 7)), /Setting row 1 aside: its key 7 is free/)
  assert.throws(() => gate.putBack(rowOf(1, 7)), RangeError)
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
  gate.putBack(rowOf(1, 7))
  assert.equal(gate.take(2, 8), undefined)
  assert.equal(gate.take(2, 7)?.id, 2)
  assert.equal(gate.take(2, 7), undefined)
  assert.equal(gate.take(1, 7)?.id, 1)
  assert.equal(gate.aside, 0)
  assert.equal(gate.enter(7), false)
})

test('listing goes by id over all keys', () => {
  const gate = new KeyGate()
  gate.enter(7)
  gate.enter(8)
  gate.setAside(rowOf(3, 7))
  gate.setAside(rowOf(2, 8))
  gate.putBack(rowOf(9, 7))
  assert.deepEqual(idsOf(gate), [2, 3, 9])
  gate.clear()
  assert.deepEqual(idsOf(gate), [])
  assert.equal(gate.aside, 0)
})

test('a key with nothing busy and nothing aside leaves no memory', () => {
  const gate = new KeyGate()
  for (let key = 1; key <= 10_000; key++) {
    gate.enter(key)
    gate.setAside(rowOf(key, key))
    gate.leave(key)
    gate.leave(key)
  }
  assert.equal(gate.busyKeys, 0)
})

test('a long line behind one key is passed in order', () => {
  const gate = new KeyGate()
  gate.enter(7)
  for (let id = 1; id <= 200_000; id++) gate.setAside(rowOf(id, 7))
  for (let id = 1; id <= 200_000; id++) assert.equal(gate.leave(7)?.id, id)
  assert.equal(gate.leave(7), undefined)
})

test('100,000 random operations agree with plain arrays', () => {
  let seed = 1_234
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((seed / 2 ** 32) * below)
  }
  const gate = new KeyGate()
  const model = new Map<number, { returned: Row[]; aside: Row[] }>()
  let lastId = 0
  const setAside = (key: number) => {
    const row = rowOf(++lastId, key)
    const lane = model.get(key)
    if (lane === undefined) assert.throws(() => gate.setAside(row), RangeError)
    else gate.setAside(row)
    lane?.aside.push(row)
  }
  const putBack = (key: number) => {
    const lane = model.get(key)
    if (lane === undefined || lane.returned.length > 0) return
    const row = rowOf(++lastId, key, 1 + random(5))
    lane.returned.push(row)
    gate.putBack(row)
  }
  const leave = (key: number) => {
    const lane = model.get(key)
    const row = lane?.returned.shift() ?? lane?.aside.shift()
    assert.equal(gate.leave(key), row)
    if (row === undefined) model.delete(key)
  }
  const take = (key: number) => {
    const lane = model.get(key)
    const known = [...(lane?.returned ?? []), ...(lane?.aside ?? [])]
    const row = known[random(known.length + 1)]
    assert.equal(gate.take(row?.id ?? 0, key), row)
    if (lane === undefined) return
    lane.returned = lane.returned.filter((other) => other !== row)
    lane.aside = lane.aside.filter((other) => other !== row)
  }
  const enter = (key: number) => {
    const free = key === 0 || !model.has(key)
    if (random(2) === 0) assert.equal(gate.enter(key), free)
    else gate.hold(key)
    if (key !== 0 && free) model.set(key, { returned: [], aside: [] })
  }
  for (let i = 0; i < 100_000; i++) {
    const growing = i % 5_000 < 2_500
    const key = random(20)
    const dice = random(100)
    if (dice < 20) enter(key)
    else if (dice < (growing ? 60 : 35)) setAside(key)
    else if (dice < 70) putBack(key)
    else if (dice < 95) leave(key)
    else take(key)
    assert.equal(gate.isBusy(key), model.has(key))
    if (i % 500 !== 0) continue
    const rows = [...model.values()].flatMap((lane) => [...lane.returned, ...lane.aside])
    assert.equal(gate.aside, rows.length)
    assert.equal(gate.busyKeys, model.size)
    assert.deepEqual(
      [...gate],
      rows.sort((a, b) => a.id - b.id),
    )
  }
})
