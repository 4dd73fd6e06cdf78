import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBroker } from '../engine/open.ts'
import { refusal, type World } from '../engine/world.fixture.ts'
import { type SmallLog, type Stretch, scanned, smallLog, worldWith } from './small-log.fixture.ts'

const LIMITS = { segmentBytesMin: 8 * 1024 }

const small = await smallLog('kill')

/** What stands behind the cut: nothing, or another part of the log, as in a recycled file. */
const BEHIND = {
  zeros: (at: number) => small.segment.slice(0, at),
  'bytes of an earlier use of the file': (at: number) => {
    const moved = small.segment.slice()
    for (let i = at; i < moved.length; i++) moved[i] = small.segment[64 + ((i + 720) % small.end)]!
    return moved
  },
}

for (const [what, make] of Object.entries(BEHIND)) {
  test(`cut at any byte, with ${what} behind: every entry before it is found, no other`, () => {
    for (let cut = 64; cut <= small.end; cut++) {
      const segment = new Uint8Array(small.segment.length)
      segment.set(make(cut))
      const { positions, result } = scanned(small, segment)
      const whole = small.entries.filter((entry) => isWhole(small, segment, entry))
      assert.deepEqual(
        positions,
        whole.map(({ start }) => start),
        `cut at ${cut}`,
      )
      assert.deepEqual(result.damaged, [], `cut at ${cut}`)
      assert.equal(result.tailBytesCut > 0, isSeen(small, segment), `cut at ${cut}`)
    }
  })
}

/** Its bytes are as they were; a cut may have taken only zeros, and left zeros. */
function isWhole({ segment }: SmallLog, cut: Uint8Array, { start, end }: Stretch): boolean {
  return Buffer.compare(segment.subarray(start, end), cut.subarray(start, end)) === 0
}

/** The header of a group is whole, and announces more than is there. */
function isSeen(log: SmallLog, cut: Uint8Array): boolean {
  return log.entries.some((entry) => {
    const { start } = entry.group
    return isWhole(log, cut, { start, end: start + 40 }) && !isWhole(log, cut, entry)
  })
}

test('a file cut short is opened, goes on from there, and again after two more kills', async () => {
  for (let cut = 64; cut < small.end; cut += 101) {
    const world = await worldWith(small, small.segment.subarray(0, cut))
    await world.open(LIMITS)
    const kept = world.broker.report.messages
    const places = world.broker.report.damaged.map(({ position }) => position)
    assert.deepEqual(places, [cut], `cut at ${cut}`)
    await world.do(world.broker.declareQueue('a', { retryFirstMs: 1, retryCapMs: 1 }))
    await world.publish('a', 'after the cut')
    for (let again = 0; again < 2; again++) {
      await world.killAndOpen(LIMITS)
      assert.equal(world.broker.report.messages, kept + 1, `cut at ${cut}`)
      assert.deepEqual(world.broker.report.damaged, [], `cut at ${cut}`)
      assert.equal(world.broker.report.tailBytesCut, 0, `cut at ${cut}`)
    }
  }
})

test('power cut after power cut at any time of the recovery loses nothing', async () => {
  const whole = await worldWith(small, small.segment)
  const ids = await idsAfterOpening(whole)
  assert.equal(ids.length, 8)
  for (let trial = 0; trial < 60; trial++) {
    const world = await worldWith(small, small.segment)
    for (let again = 0; again < 4; again++) {
      createBroker({ dir: '/data/broker', os: world.os, limits: LIMITS }).catch(() => undefined)
      await world.pass(world.sim.random.next() * (1 + trial / 4))
      world.sim.crash({ keep: again % 2 === 0 ? 'some' : 'none' })
    }
    assert.deepEqual(await idsAfterOpening(world), ids)
  }
})

async function idsAfterOpening(world: World): Promise<number[]> {
  await world.open(LIMITS)
  const found = await world.do(world.broker.peek('a', { limit: 1_000 }))
  return found.map(({ id }) => id)
}

test('a hole of zeros in the midst is damage, never taken for the end', async () => {
  const [, , third] = small.groups
  const segment = small.segment.slice()
  segment.fill(0, third!.start, third!.end)
  const { positions, result } = scanned(small, segment)
  const rest = small.entries.filter(({ group }) => group.start !== third!.start)
  assert.deepEqual(
    positions,
    rest.map(({ start }) => start),
  )
  assert.deepEqual(result.damaged, [{ position: third!.start, bytes: third!.end - third!.start }])
})

test('a segment cut off within its header, with others behind it, is an error', async () => {
  const world = await worldWith(small, small.segment.subarray(0, 20))
  const text = /^Cannot open \/data\/broker: segment 00000000001000\.seg is missing$/
  await assert.rejects(world.open(LIMITS), refusal('LOG_DAMAGED', text))
})
