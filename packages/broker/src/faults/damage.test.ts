import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { World } from '../engine/world.fixture.ts'
import { type EntryAt, type SmallLog, scanned, smallLog, worldWith } from './small-log.fixture.ts'

const MESSAGE = 16
const SETTLE = 17
const QUEUE = 19

const killed = await smallLog('kill')
const stopped = await smallLog('clean')

function flipped(segment: Uint8Array, byte: number, bit: number): Uint8Array {
  const copy = segment.slice()
  copy[byte]! ^= 1 << bit
  return copy
}

function entryWith(small: SmallLog, byte: number): EntryAt | undefined {
  return small.entries.find(({ start, end }) => byte >= start && byte < end)
}

test('the log of the test has several groups of two lives, and entries of every kind', () => {
  assert.ok(killed.groups.length >= 10 && killed.end > 2_000, `${killed.groups.length} groups`)
  const types = new Set(killed.entries.map(({ type }) => type))
  assert.deepEqual([...types].sort(), [16, 17, 18, 19, 20])
})

for (const [name, small] of [
  ['a kill', killed],
  ['an orderly stop', stopped],
] as const) {
  test(`after ${name}, a wrong bit costs its entry, in the last group its tail`, () => {
    const last = small.groups.at(-1)!
    for (let byte = 64; byte < small.end; byte++) {
      for (let bit = 0; bit < 8; bit++) {
        const { positions, result } = scanned(small, flipped(small.segment, byte, bit))
        const what = `bit ${bit} of byte ${byte}`
        const tail = byte >= last.start
        assert.deepEqual(positions, expected(small, byte), what)
        const hit = inHeader(small, byte) || entryWith(small, byte) !== undefined
        assert.equal(result.damaged.length, hit && !tail ? 1 : 0, what)
        assert.equal(result.tailBytesCut > 0, hit && tail, what)
        assert.equal(result.end, hit && tail ? endBefore(small, byte) : small.end, what)
      }
    }
  })
}

function inHeader(small: SmallLog, byte: number): boolean {
  return small.groups.some(({ start }) => byte >= start && byte < start + 40)
}

/** Positions of the entries that must be found with a wrong bit at `byte`. */
function expected(small: SmallLog, byte: number): number[] {
  const last = small.groups.at(-1)!
  const entry = entryWith(small, byte)
  const kept = small.entries.filter(({ start, end }) => {
    if (byte < last.start) return start !== entry?.start
    if (byte < last.start + 40) return start < last.start
    return entry === undefined || end <= entry.start
  })
  return kept.map(({ start }) => start)
}

function endBefore(small: SmallLog, byte: number): number {
  const last = small.groups.at(-1)!
  return byte < last.start + 40 ? last.start : entryWith(small, byte)!.start
}

test('a broker over a damaged log serves all other messages and names the place', async () => {
  const whole = await opened(stopped, stopped.segment)
  const all = await idsIn(whole)
  for (let byte = 64; byte < stopped.groups.at(-1)!.start; byte += 13) {
    const entry = entryWith(stopped, byte)
    const world = await opened(stopped, flipped(stopped.segment, byte, byte % 8))
    const queue = entry?.type === QUEUE ? 'lost-1' : 'a'
    assert.deepEqual(await idsIn(world, queue), idsWithout(all, entry), `byte ${byte}`)
    const hit = entry !== undefined || inHeader(stopped, byte)
    const { damaged, cleanStop, tailBytesCut } = world.broker.report
    assert.deepEqual({ cleanStop, tailBytesCut }, { cleanStop: true, tailBytesCut: 0 })
    assert.equal(damaged.length, hit ? 1 : 0, `byte ${byte}`)
    if (hit) assertAround(damaged[0]!, byte)
    assert.equal(world.warnings.length, damaged.length)
  }
})

test('a message whose settle is damaged comes again flagged, also after a clean stop', async () => {
  const settles = stopped.entries.filter(({ type }) => type === SETTLE)
  assert.ok(settles.length >= 2)
  for (const { start, id } of settles) {
    const world = await opened(stopped, flipped(stopped.segment, start + 20, 3))
    assert.equal(world.broker.report.cleanStop, true)
    const taker = world.take('a')
    await world.pass(100)
    const again = taker.seen.find((delivery) => delivery.id === id)
    assert.equal(again?.redelivered, true, `message ${id}`)
  }
})

function assertAround(damage: { segment: string; position: number; bytes: number }, byte: number) {
  assert.equal(damage.segment, '00000000000000.seg')
  assert.ok(damage.position <= byte && byte < damage.position + damage.bytes, `byte ${byte}`)
}

/**
 * A damaged message is missing; a damaged declare costs the name; a damaged settle lets its message
 * come again.
 */
function idsWithout(all: readonly number[], entry: EntryAt | undefined): number[] {
  if (entry?.type === MESSAGE) return all.filter((id) => id !== entry.id)
  if (entry?.type === SETTLE) return [...all, entry.id].sort((a, b) => a - b)
  return [...all]
}

async function opened(small: SmallLog, segment: Uint8Array): Promise<World> {
  const world = await worldWith(small, segment)
  await world.open({ segmentBytesMin: 8 * 1024 })
  return world
}

async function idsIn(world: World, queue = 'a'): Promise<number[]> {
  return (await world.do(world.broker.peek(queue, { limit: 1_000 }))).map(({ id }) => id)
}

test('after a kill, damage in the last group may have cost confirmed messages', async () => {
  const { start, end } = killed.groups.at(-1)!
  const lost = killed.entries.filter((entry) => entry.group.start === start)
  for (const byte of [start + 8, start + 41, end - 9]) {
    const world = await opened(killed, flipped(killed.segment, byte, 1))
    const { damaged, tailBytesCut, tailMayHoldConfirmed } = world.broker.report
    assert.deepEqual(damaged, [])
    assert.ok(tailBytesCut > 0 && tailMayHoldConfirmed, `byte ${byte}`)
    assert.ok((await idsIn(world)).length >= 1 && lost.length > 0)
  }
})

test('a damaged segment header is made good, and costs nothing', async () => {
  const all = await idsIn(await opened(stopped, stopped.segment))
  for (let byte = 0; byte < 64; byte++) {
    const world = await opened(stopped, flipped(stopped.segment, byte, byte % 8))
    assert.deepEqual(await idsIn(world), all, `byte ${byte}`)
    assert.equal(world.broker.report.damaged.length, 1)
    await world.killAndOpen()
    assert.deepEqual(world.broker.report.damaged, [])
    assert.deepEqual(await idsIn(world), all)
  }
})
