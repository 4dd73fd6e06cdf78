import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SimulatedOs } from './os.ts'
import { simulatedOs } from './os.ts'

const BYTES = new TextEncoder().encode('n'.repeat(3000))

test('a kill keeps every completed write and name', async () => {
  for (let seed = 0; seed < 50; seed++) {
    const world = simulatedOs({ seed })
    const file = await create(world)
    await world.settle(file.write(BYTES, 0))
    world.kill()
    assert.equal(text(world), 'n'.repeat(3000))
  }
})

test('of a write under way a kill leaves the first bytes, however many', async () => {
  const lengths = new Set<number>()
  for (let seed = 0; seed < 200; seed++) {
    const world = simulatedOs({ seed })
    const file = await create(world)
    file.write(BYTES, 0)
    world.kill()
    assert.match(text(world), /^n*$/)
    lengths.add(text(world).length)
  }
  assert.ok(lengths.size > 100)
  assert.ok([...lengths].some((length) => length % 512 !== 0))
})

test('what a killed process did not sync is still lost by a later power cut', async () => {
  const world = simulatedOs({ seed: 1 })
  const file = await create(world)
  await world.settle(file.write(BYTES, 0))
  await world.settle(world.os.disk.syncDir('/'))
  world.kill()
  assert.equal(text(world).length, 3000)
  world.crash({ keep: 'none' })
  assert.equal(text(world), '')
})

test('after a crash or kill the dead process does nothing more', async () => {
  for (const end of ['crash', 'kill'] as const) {
    const world = simulatedOs({ seed: 1 })
    const dead = world.os
    const file = await create(world)
    const happened: string[] = []
    dead.clock.timer(5, () => happened.push('timer'))
    dead.clock.turn(() => happened.push('turn'))
    dead.disk.list('/').then(
      () => happened.push('call'),
      () => happened.push('call'),
    )
    world[end]()
    dead.clock.timer(5, () => happened.push('timer after'))
    for (const call of [file.write(BYTES, 0), file.sync(), file.size(), dead.disk.list('/')]) {
      const heard = () => happened.push('call after')
      call.then(heard, heard)
    }
    await world.runFor(1000)
    assert.deepEqual(happened, [])
    assert.notEqual(world.os, dead)
  }
})

test('the next process starts its own monotonic clock and its own random numbers', async () => {
  const world = simulatedOs({ seed: 1 })
  await world.run(5000)
  const first = [world.os.random.id(), world.os.random.id()]
  assert.equal(world.os.clock.mono(), 5000)
  world.kill()
  assert.equal(world.os.clock.mono(), 0)
  assert.ok(!first.includes(world.os.random.id()))
})

test('a lock ends with its process', async () => {
  for (const end of ['crash', 'kill'] as const) {
    const world = simulatedOs({ seed: 1 })
    const old = await world.settle(world.os.disk.lock('/lock'))
    world[end]()
    await world.settle(world.os.disk.lock('/lock'))
    old.release()
    const again = world.settle(world.os.disk.lock('/lock'))
    await assert.rejects(again, /^Error: Cannot lock \/lock: process 2 holds it \(LOCKED\)$/)
  }
})

test('os.crash ends the process as a kill does and keeps its error', async () => {
  const world = simulatedOs({ seed: 1 })
  const file = await create(world)
  await world.settle(file.write(BYTES, 0))
  const cause = new Error('sync failed')
  const dead = world.os
  const never = new Promise(() => dead.clock.turn(() => dead.crash(cause)))
  await assert.rejects(world.settle(never), /still pending.*the process ended itself/)
  assert.equal(world.crashError, cause)
  assert.equal(text(world).length, 3000)
  dead.crash(new Error('again'))
  assert.equal(world.crashError, cause)
  world.kill()
  assert.equal(world.crashError, undefined)
})

function create(world: SimulatedOs) {
  return world.settle(world.os.disk.open('/file', { create: true }))
}

function text(world: SimulatedOs): string {
  return new TextDecoder().decode(world.disk.contents('/file'))
}
