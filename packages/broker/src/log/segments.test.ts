import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type SimulatedOs, simulatedOs } from '@hufu/os/simulated'
import { createZeroed, openSegment, segmentHeader, segmentName } from './segment.ts'
import { Segments, segmentAt } from './segments.ts'

const LOG_ID = new Uint8Array(16).fill(7)
const KiB = 1024

async function segmentsOf(sim: SimulatedOs, more: { logBytesMax?: number } = {}) {
  const { disk } = sim.os
  const path = `/${segmentName(0)}`
  await sim.settle(createZeroed(disk, path, 4 * KiB))
  const file = await sim.settle(disk.open(path, { durable: true }))
  await sim.settle(file.write(segmentHeader(0, 4 * KiB, LOG_ID), 0))
  const first = await sim.settle(openSegment(disk, '', segmentName(0), LOG_ID))
  const sizes = { segmentBytesMin: 4 * KiB, segmentBytesMax: 8 * KiB, logBytesMax: 2 ** 30 }
  const segments = new Segments({ disk, dir: '', logId: LOG_ID, ...sizes, ...more }, [first], first)
  const errors: unknown[] = []
  segments.onError = (error) => errors.push(error)
  return { segments, errors }
}

test('several that wait for a next segment get one, also when there was no room', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const sim = simulatedOs({ seed, capacityBytes: 6 * KiB })
    const { segments, errors } = await segmentsOf(sim)
    const first = segments.prepare(0)
    first.then(() => {
      assert.equal(segments.noSpace, true)
      sim.disk.capacityBytes = 2 ** 30
    })
    const others = [segments.prepare(0), segments.prepare(0), segments.prepare(0)]
    await sim.settle(Promise.all([first, ...others]))
    assert.deepEqual(errors, [])
    assert.deepEqual(
      segments.all.map(({ base }) => base),
      [0, 4 * KiB],
    )
    assert.equal(segments.noSpace, false)
  }
})

test('where no larger next segment can be had, the one there is stays', async () => {
  const sim = simulatedOs({ seed: 1, capacityBytes: 14 * KiB })
  const { segments } = await segmentsOf(sim)
  await sim.settle(segments.prepare(0))
  const { next } = segments
  assert.equal(next?.capacity, 8 * KiB)
  await sim.settle(segments.prepare(20 * KiB))
  assert.equal(segments.next, next)
  assert.equal(segments.noSpace, true)
  assert.equal(await sim.settle(segments.roll(20 * KiB)), false)
  assert.equal(await sim.settle(segments.roll(4 * KiB)), true)
  assert.equal(segments.current, next)
})

test('a larger next segment replaces the one there is', async () => {
  const sim = simulatedOs({ seed: 1 })
  const { segments } = await segmentsOf(sim)
  await sim.settle(segments.prepare(0))
  await sim.settle(segments.prepare(20 * KiB))
  assert.equal(segments.next?.capacity, 20 * KiB)
  assert.deepEqual(
    segments.all.map(({ base, capacity }) => ({ base, capacity })),
    [
      { base: 0, capacity: 4 * KiB },
      { base: 4 * KiB, capacity: 20 * KiB },
    ],
  )
})

test('logBytesMax holds, spares included', async () => {
  const sim = simulatedOs({ seed: 1 })
  const { segments } = await segmentsOf(sim, { logBytesMax: 12 * KiB })
  assert.equal(await sim.settle(segments.roll(0)), true)
  await sim.run()
  assert.equal(segments.noSpace, true)
  assert.equal(await sim.settle(segments.roll(0)), false)
  await sim.settle(segments.free(segments.all[0]!))
  await sim.run()
  // The freed file is used again, though a new one would be larger.
  assert.equal(segments.next?.capacity, 4 * KiB)
  assert.equal(segments.next.base, 12 * KiB)
  assert.equal(segments.bytes, 12 * KiB)
})

test('a position is found in the segment that holds it', () => {
  const all = [0, 100, 300].map((base) => ({ base }) as Parameters<typeof segmentAt>[0][number])
  const found = [0, 99, 100, 299, 300, 5_000].map((position) => segmentAt(all, position).base)
  assert.deepEqual(found, [0, 0, 100, 100, 300, 300])
})

test('a log of large segments has a spare laid out ahead, a small one has not', async () => {
  const sim = simulatedOs({ seed: 1 })
  const { segments } = await segmentsOf(sim)
  await sim.settle(segments.prepare(0))
  await sim.run()
  assert.equal(segments.bytes, 12 * KiB)
  assert.equal(await sim.settle(segments.roll(0)), true)
  await sim.run()
  assert.equal(segments.current.capacity, 8 * KiB)
  assert.equal(segments.bytes, 28 * KiB)
  // It is the next one as soon as it is wanted, without another layout.
  const before = sim.disk.counts.write
  assert.equal(await sim.settle(segments.roll(0)), true)
  await sim.settle(segments.prepare(0))
  assert.equal(sim.disk.counts.write - before, 1)
})

test('no spare is laid out ahead where the log may not be so large; it is no fault', async () => {
  const sim = simulatedOs({ seed: 1 })
  const { segments, errors } = await segmentsOf(sim, { logBytesMax: 24 * KiB })
  assert.equal(await sim.settle(segments.roll(0)), true)
  await sim.run()
  assert.equal(segments.bytes, 20 * KiB)
  assert.equal(segments.noSpace, false)
  assert.deepEqual(errors, [])
})
