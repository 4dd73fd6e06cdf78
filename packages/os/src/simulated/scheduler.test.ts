import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sleep } from '../clock.ts'
import { simulatedOs } from './os.ts'
import { SeededRandom } from './random.ts'
import { Scheduler } from './scheduler.ts'
import { Trace } from './trace.ts'

test('run ends when only background timers are left', async () => {
  const world = simulatedOs({ seed: 1 })
  let ticks = 0
  const tick = () => {
    ticks++
    world.os.clock.timer(10, tick, { background: true })
  }
  tick()
  world.os.clock.timer(100, () => {})
  await world.run()
  assert.ok(world.clock.elapsed >= 100 && world.clock.elapsed <= 101)
  assert.ok(ticks >= 9, `${ticks} ticks`)
})

test('run with a time goes exactly there, background timers included', async () => {
  const world = simulatedOs({ seed: 1 })
  const fired: number[] = []
  for (const ms of [10, 50, 90]) {
    world.os.clock.timer(ms, () => fired.push(ms), { background: true })
  }
  await world.run(60)
  assert.deepEqual([world.clock.elapsed, fired], [60, [10, 50]])
  await world.runFor(40)
  assert.deepEqual([world.clock.elapsed, fired], [100, [10, 50, 90]])
})

test('all promises an event settled run to their end before the next event', async () => {
  const world = simulatedOs({ seed: 1 })
  const seen: string[] = []
  world.os.clock.turn(async () => {
    for (let link = 0; link < 5000; link++) await null
    seen.push('chain')
  })
  world.os.clock.turn(() => seen.push('next'))
  await world.run()
  assert.deepEqual(seen, ['chain', 'next'])
})

test('events of the same time come in an order that the seed gives', async () => {
  const orders = new Set<string>()
  for (let seed = 0; seed < 50; seed++) {
    const { scheduler, owner } = bare(seed)
    const seen: number[] = []
    for (const number of [1, 2, 3]) scheduler.schedule(owner, 5, () => seen.push(number))
    await scheduler.run()
    assert.equal(scheduler.now, 5)
    orders.add(seen.join())
  }
  assert.equal(orders.size, 6)
})

test('a time between two ticks is rounded up', async () => {
  for (const delay of [0.3, 1 / 3, 1e-9, 7.7777]) {
    const { scheduler, owner } = bare(1)
    scheduler.schedule(owner, delay, () => {})
    await scheduler.run()
    assert.ok(scheduler.now >= delay && scheduler.now < delay + 0.001, `${scheduler.now}`)
  }
})

test('a long time passes at once', async () => {
  const world = simulatedOs({ seed: 1 })
  const year = 365 * 86_400_000
  const start = world.clock.now()
  await world.settle(sleep(world.os.clock, year))
  assert.ok(world.clock.now() - start >= year)
})

test('a jump of the wall clock moves no timer and no monotonic time', async () => {
  const world = simulatedOs({ seed: 1 })
  const { clock } = world.os
  const [wall, mono] = [clock.now(), clock.mono()]
  let fired = false
  clock.timer(1000, () => {
    fired = true
  })
  world.clock.jump(86_400_000)
  assert.deepEqual([clock.now() - wall, clock.mono() - mono], [86_400_000, 0])
  await world.run(999)
  assert.equal(fired, false)
  world.clock.jump(-2 * 86_400_000)
  await world.run(1002)
  assert.equal(fired, true)
  assert.ok(clock.now() < wall)
})

test('settle hands on value and error', async () => {
  const world = simulatedOs({ seed: 1 })
  const later = async (end: () => string) => {
    await sleep(world.os.clock, 5)
    return end()
  }
  assert.equal(await world.settle(later(() => 'done')), 'done')
  const failing = later(() => {
    throw new Error('no')
  })
  await assert.rejects(world.settle(failing), /^Error: no$/)
})

test('settle rejects when nothing is due that could settle the promise', async () => {
  const world = simulatedOs({ seed: 1 })
  await assert.rejects(world.settle(new Promise(() => {})), /still pending when nothing is due/)
})

test('a simulation that never ends is stopped', async () => {
  const world = simulatedOs({ seed: 1, eventsMax: 500 })
  const again = () => world.os.clock.turn(again)
  again()
  await assert.rejects(world.run(), /^Error: Cannot end the simulation: more than 500 events, at/)
})

test('an error thrown by a timer rejects the run', async () => {
  const world = simulatedOs({ seed: 1 })
  world.os.clock.timer(1, () => {
    throw new Error('thrown')
  })
  await assert.rejects(world.run(), /^Error: thrown$/)
})

test('a run within a run is refused', async () => {
  const world = simulatedOs({ seed: 1 })
  const first = world.settle(sleep(world.os.clock, 5))
  await assert.rejects(world.run(), /it is running already/)
  await first
})

test('many cancelled timers leave the others in place', async () => {
  const world = simulatedOs({ seed: 1 })
  const fired: number[] = []
  for (let ms = 0; ms < 30_000; ms++) {
    const timer = world.os.clock.timer(ms, () => fired.push(ms))
    if (ms % 1000 !== 0) timer.cancel()
  }
  await world.run()
  assert.deepEqual(
    fired,
    Array.from({ length: 30 }, (_, index) => index * 1000),
  )
})

function bare(seed: number) {
  const scheduler = new Scheduler(new SeededRandom(seed), new Trace())
  return { scheduler, owner: { number: 1, startedAt: 0, alive: true } }
}
