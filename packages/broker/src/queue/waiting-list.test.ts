import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WaitingList, type WaitingRow } from './waiting-list.ts'

const BYTES_PER_ROW = 24

const filled = (rows: number): WaitingList => {
  const list = new WaitingList()
  for (let id = 1; id <= rows; id++) list.push(id, id * 10, id % 1000, id % 7)
  return list
}

const loaded = (list: WaitingList): WaitingRow => ({
  id: list.id,
  position: list.position,
  size: list.size,
  key: list.key,
})

const idsOf = (list: WaitingList): number[] => {
  const ids: number[] = []
  list.forEach((id) => {
    ids.push(id)
  })
  return ids
}

test('rows leave in the order in which they came', () => {
  const list = filled(10_000)
  for (let id = 1; id <= 10_000; id++) {
    assert.equal(list.next(), true)
    assert.deepEqual(loaded(list), { id, position: id * 10, size: id % 1000, key: id % 7 })
  }
  assert.equal(list.next(), false)
  assert.equal(list.id, 10_000, 'finding nothing leaves the loaded row')
  assert.equal(list.length, 0)
})

test('ids must rise, also after the list was emptied', () => {
  const list = filled(3)
  assert.throws(() => list.push(3, 1, 1, 0), RangeError)
  while (list.next());
  assert.equal(list.lastId, 3)
  assert.throws(() => list.push(2, 1, 1, 0), /Adding row 2: the last id was 3, ids must rise/)
  assert.throws(() => list.push(Number.NaN, 1, 1, 0), RangeError)
  list.push(4, 1, 1, 0)
  assert.equal(list.length, 1)
})

test('a position below 0 is refused', () => {
  const list = filled(1)
  assert.throws(() => list.push(2, -1, 1, 0), RangeError)
  assert.throws(() => list.relocate(1, -1), RangeError)
  assert.deepEqual(idsOf(list), [1])
})

test('values up to 2^53 - 1 and 2^32 - 1 are kept exactly', () => {
  const list = new WaitingList()
  const row = {
    id: Number.MAX_SAFE_INTEGER,
    position: Number.MAX_SAFE_INTEGER - 1,
    size: 0xffff_ffff,
    key: 0xffff_fffe,
  }
  list.push(row.id, row.position, row.size, row.key)
  assert.deepEqual(list.rowsAfter(0, 1), [row])
})

test('head loads the first row and leaves it in', () => {
  const list = filled(2)
  assert.equal(list.head(), true)
  assert.equal(list.head(), true)
  assert.equal(list.id, 1)
  assert.equal(list.length, 2)
  while (list.next());
  assert.equal(list.head(), false)
})

test('a row is removed from the midst once, and skipped afterwards', () => {
  const list = filled(500)
  assert.equal(list.remove(200), true)
  assert.deepEqual(loaded(list), { id: 200, position: 2000, size: 200, key: 200 % 7 })
  assert.equal(list.remove(200), false)
  assert.equal(list.has(200), false)
  assert.equal(list.find(200), false)
  assert.equal(list.relocate(200, 5), false)
  assert.equal(list.length, 499)
  assert.ok(!idsOf(list).includes(200))
})

test('a relocated row keeps its place and its other fields', () => {
  const list = filled(100)
  assert.equal(list.relocate(50, 7), true)
  assert.equal(list.find(50), true)
  assert.deepEqual(loaded(list), { id: 50, position: 7, size: 50, key: 50 % 7 })
  assert.equal(list.length, 100)
  assert.equal(list.relocate(50, 0), true, 'position 0 is a place like any other')
  assert.equal(list.has(50), true)
})

test('rowsAfter pages through the list without the rows taken out', () => {
  const list = filled(1000)
  for (let id = 2; id <= 1000; id += 2) list.remove(id)
  const seen: number[] = []
  let page = list.rowsAfter(0, 7)
  while (page.length > 0) {
    seen.push(...page.map((row) => row.id))
    page = list.rowsAfter(seen.at(-1)!, 7)
  }
  assert.deepEqual(seen, idsOf(list))
  assert.equal(seen.length, 500)
  assert.deepEqual(list.rowsAfter(0, 0), [])
})

test('a million rows cost at most 24 bytes each and 5 % more', () => {
  const list = filled(1_000_000)
  assert.ok(list.bytes <= 1_000_000 * BYTES_PER_ROW * 1.05, `${list.bytes} bytes`)
})

test('passed rows are released, and an empty list holds next to nothing', () => {
  const list = filled(1_000_000)
  for (let i = 0; i < 900_000; i++) list.next()
  assert.ok(list.bytes <= (100_000 + 2 * 4096) * BYTES_PER_ROW, `${list.bytes} bytes`)
  while (list.next());
  assert.ok(list.bytes <= 64 * BYTES_PER_ROW, `${list.bytes} bytes`)
})

test('a quiet queue costs nothing, and little once used', () => {
  const list = new WaitingList()
  assert.equal(list.bytes, 0)
  for (let id = 1; id <= 100_000; id++) {
    list.push(id, 0, 0, 0)
    list.next()
  }
  assert.equal(list.bytes, 64 * BYTES_PER_ROW)
})

test('a stretch removed from the midst leaves the rows before and behind it', () => {
  const list = filled(20_000)
  for (let id = 1_001; id <= 19_000; id++) assert.equal(list.remove(id), true)
  const expected = [...Array(1_000).keys()].flatMap((i) => [i + 1, i + 19_001])
  assert.deepEqual(
    idsOf(list),
    expected.sort((a, b) => a - b),
  )
  assert.deepEqual(list.rowsAfter(1_000, 1)[0]?.id, 19_001)
})

test('rows removed from the midst give their memory back, whatever old rows stay between', () => {
  const list = filled(1_000_000)
  for (let id = 1; id <= 1_000_000; id++) if (id % 4000 !== 0) list.remove(id)
  assert.equal(list.length, 250)
  assert.ok(list.bytes < 1_000_000, `${list.bytes} bytes`)
  assert.equal(list.next() && list.id, 4000)
  assert.equal(list.next() && list.id, 8000)
})

/** The list beside a map that does the same. */
class Both {
  readonly list = new WaitingList()
  readonly model = new Map<number, WaitingRow>()
  #seed = 20_260
  #lastId = 0

  random(below: number): number {
    this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((this.#seed / 2 ** 32) * below)
  }

  push(): void {
    const id = this.#lastId + 1 + this.random(3)
    this.#lastId = id
    const big = () => this.random(2 ** 31)
    const row = { id, position: big(), size: big(), key: this.random(50) }
    this.model.set(id, row)
    this.list.push(row.id, row.position, row.size, row.key)
  }

  remove(): void {
    const id = this.random(this.#lastId + 2)
    const row = this.model.get(id)
    assert.equal(this.list.remove(id), this.model.delete(id))
    if (row !== undefined) assert.deepEqual(loaded(this.list), row)
  }

  next(): void {
    const row = this.model.values().next().value
    assert.equal(this.list.next(), row !== undefined)
    if (row === undefined) return
    assert.deepEqual(loaded(this.list), row)
    this.model.delete(row.id)
  }

  look(): void {
    const id = this.random(this.#lastId + 2)
    const row = this.model.get(id)
    assert.equal(this.list.has(id), row !== undefined)
    assert.equal(this.list.find(id), row !== undefined)
    if (row !== undefined) assert.deepEqual(loaded(this.list), row)
    const position = this.random(2 ** 31)
    assert.equal(this.list.relocate(id, position), row !== undefined)
    if (row !== undefined) row.position = position
  }

  compareAll(): void {
    const rows: WaitingRow[] = []
    this.list.forEach((id, position, size, key) => {
      rows.push({ id, position, size, key })
    })
    assert.deepEqual(rows, [...this.model.values()])
    const after = this.random(this.#lastId + 2)
    const expected = rows.filter((row) => row.id > after).slice(0, 20)
    assert.deepEqual(this.list.rowsAfter(after, 20), expected)
  }
}

test('100,000 random operations agree with a plain map', () => {
  const both = new Both()
  let longest = 0
  for (let i = 0; i < 100_000; i++) {
    // Long spells of growing and of draining, so that all chunk sizes come and go.
    const growing = i % 20_000 < 11_000
    const dice = both.random(100)
    if (dice < (growing ? 70 : 15)) both.push()
    else if (dice < 80) growing ? both.remove() : both.next()
    else if (dice < 90) both.remove()
    else both.look()
    if (i % 2_000 === 0) both.compareAll()
    assert.equal(both.list.length, both.model.size)
    longest = Math.max(longest, both.list.length)
  }
  assert.ok(longest > 5_000, `only ${longest} rows at once`)
  both.compareAll()
})

test('rows up to an id are taken out but for the kept ones, and the list goes on', () => {
  for (const upTo of [0, 1, 63, 64, 4_000, 9_999, 10_000, 20_000]) {
    const list = filled(10_000)
    list.remove(5)
    const kept = new Set([1, 64, 3_000])
    const out: number[] = []
    list.removeUpTo(upTo, kept, ({ id, position }) => {
      assert.equal(position, id * 10)
      out.push(id)
    })
    const all = Array.from({ length: 10_000 }, (_, i) => i + 1).filter((id) => id !== 5)
    const stays = (id: number) => id > upTo || kept.has(id)
    assert.deepEqual(
      out,
      all.filter((id) => !stays(id)),
    )
    assert.deepEqual(idsOf(list), all.filter(stays))
    assert.equal(list.length, all.filter(stays).length)
    list.push(10_001, 1, 2, 3)
    assert.equal(list.find(10_001), true)
    assert.equal(list.has(3_000), true)
  }
})
