import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyEntryView } from './entry.ts'
import { MEMORY_BASE, MemoryArea } from './memory-area.ts'

const MiB = 1 << 20

function put(area: MemoryArea, text: string, bytes = text.length): number {
  assert.ok(area.room(bytes + 16))
  const at = area.append(16, 0, 0, bytes)
  area.block.bytes.set(Buffer.from(text), at)
  area.at(area.position).liveCount++
  return area.position
}

function textAt(area: MemoryArea, position: number): string {
  const entry = emptyEntryView()
  area.load(position, entry)
  const from = entry.offset + 16
  return Buffer.from(entry.bytes.subarray(from, entry.offset + entry.length)).toString()
}

test('what was added is found at its position, as long as it lives', () => {
  const area = new MemoryArea(2 * MiB)
  const positions = ['one', '', 'three'].map((text) => put(area, text))
  assert.ok(positions.every((position) => position >= MEMORY_BASE))
  assert.deepEqual(
    positions.map((position) => textAt(area, position)),
    ['one', '', 'three'],
  )
})

test('there is no room while each stretch holds something, and for what is larger than one', () => {
  const area = new MemoryArea(2 * MiB)
  assert.equal(area.room(MiB + 1), false)
  const first = put(area, 'first', MiB - 16)
  const second = put(area, 'second', MiB - 16)
  assert.equal(area.room(100), false)
  assert.equal(textAt(area, second).slice(0, 6), 'second')
  area.at(first).liveCount--
  const third = put(area, 'third')
  assert.equal(third, first)
  assert.equal(textAt(area, third), 'third')
  assert.equal(textAt(area, second).slice(0, 6), 'second')
})

test('memory goes back once a burst is over', () => {
  const area = new MemoryArea(20 * MiB)
  const all = Array.from({ length: 20 }, () => put(area, 'x', MiB - 16))
  assert.equal(area.bytes, 20 * MiB)
  for (const position of all) area.at(position).liveCount--
  put(area, 'x', MiB - 16)
  assert.equal(area.bytes, 5 * MiB)
})
