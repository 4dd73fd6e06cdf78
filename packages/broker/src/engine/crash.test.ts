import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Delivery } from '../api.ts'
import type { QueueOptions } from '../options.ts'
import { bodyOf, numbers, World } from './world.fixture.ts'

const TINY = { checkpointBytes: 8_192, cacheBytes: 64 * 1024 }

async function worldWith(
  options: QueueOptions = {},
  seed = 1,
  diskLatencyMs: readonly [number, number] = [0.02, 1],
): Promise<World> {
  const world = new World(seed, { diskLatencyMs })
  await world.open()
  await world.do(world.broker.declareQueue('dead'))
  await world.do(world.broker.declareQueue('a', options))
  return world
}

const shown = ({ body, attempts, redelivered }: Delivery) => {
  return [Buffer.from(body).toString(), attempts, redelivered]
}

test('after a clean stop nothing is suspect: what was never delivered is new', async () => {
  const world = await worldWith()
  await world.publishAll('a', numbers(3))
  const first = world.take('a', { credit: 1 })
  await world.pass(100)
  assert.equal(first.seen.length, 1)
  await world.close()
  await world.open()
  assert.equal(world.broker.report.cleanStop, true)
  const second = world.take('a')
  await world.pass(100)
  assert.deepEqual(second.seen.map(shown), [
    ['1', 0, true],
    ['2', 0, false],
    ['3', 0, false],
  ])
})

test('after a kill what was delivered comes again first, counted as an attempt', async () => {
  const world = await worldWith()
  await world.publishAll('a', numbers(4))
  const first = world.take('a', { credit: 2 })
  await world.pass(100)
  await world.killAndOpen()
  assert.equal(world.broker.report.cleanStop, false)
  const second = world.take('a')
  await world.pass(100)
  assert.deepEqual(first.seen.map(shown), [
    ['1', 0, false],
    ['2', 0, false],
  ])
  assert.deepEqual(second.seen.slice(0, 2).map(shown), [
    ['1', 1, true],
    ['2', 1, true],
  ])
  assert.deepEqual(second.bodies, numbers(4))
})

test('what is published after a kill is new', async () => {
  const world = await worldWith()
  await world.publish('a', 'before')
  world.take('a')
  await world.pass(100)
  await world.killAndOpen()
  await world.publish('a', 'after')
  const taker = world.take('a')
  await world.pass(100)
  assert.deepEqual(taker.seen.map(shown), [
    ['before', 1, true],
    ['after', 0, false],
  ])
})

test('while attempts are being written down nothing overtakes', async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const world = await worldWith({}, seed, [2, 5])
    await world.publishAll('a', numbers(3))
    world.take('a')
    await world.pass(300)
    await world.killAndOpen()
    await world.publish('a', '4')
    const taker = world.take('a')
    await world.pass(1)
    taker.subscription.setCredit(50)
    await world.pass(300)
    assert.deepEqual(taker.bodies, numbers(4), `seed ${seed}`)
  }
})

test('what was published to a queue without consumers before a kill is new', async () => {
  const world = await worldWith()
  await world.publishAll('a', numbers(3))
  await world.killAndOpen()
  const taker = world.take('a')
  await world.pass(100)
  assert.deepEqual(taker.seen.map(shown), [
    ['1', 0, false],
    ['2', 0, false],
    ['3', 0, false],
  ])
})

test('attempts of a message that is delivered in every life are exact', async () => {
  const world = await worldWith()
  await world.publish('a', 'x')
  for (let life = 0; life < 8; life++) {
    const taker = world.take('a', { credit: 1 })
    await world.pass(100)
    assert.deepEqual(taker.seen.map(shown), [['x', life, life > 0]])
    await world.killAndOpen()
  }
})

test('failures that were settled and those of kills add up', async () => {
  const world = await worldWith({ retryFirstMs: 1, retryCapMs: 1 })
  await world.publish('a', 'x')
  let failures = 0
  for (let life = 0; life < 5; life++) {
    const taker = world.take('a', { credit: 1 })
    await world.pass(100)
    assert.equal(taker.last.attempts, failures)
    await taker.settle({ id: taker.last.id, outcome: 'retry' })
    await world.pass(100)
    assert.equal(taker.last.attempts, ++failures)
    await world.killAndOpen()
    failures++
  }
})

test('a message that waits for its retry at a kill is not counted again', async () => {
  const world = await worldWith({ retryFirstMs: 10_000, retryCapMs: 10_000 })
  await world.publish('a', 'x')
  for (let life = 0; life < 5; life++) {
    const taker = world.take('a')
    await world.pass(15_000)
    assert.equal(taker.last.attempts, life)
    await taker.settle({ id: taker.last.id, outcome: 'retry' })
    await world.killAndOpen()
  }
})

for (const deadLetter of ['dead', undefined]) {
  const where = deadLetter === undefined ? 'parked' : 'dead-lettered'
  test(`what kills the process at each delivery is ${where} after maxAttempts`, async () => {
    const options = { maxAttempts: 4, ...(deadLetter && { deadLetter }) }
    const world = await worldWith(options)
    await world.publishAll('a', ['1', '2', 'poison', '4', '5'])
    const done: string[] = []
    let deliveries = 0
    for (let life = 0; life < 10; life++) {
      let dying = false
      const taker = world.take('a', { credit: 1 })
      taker.onDelivery = (delivery) => {
        if (bodyOf(delivery) === 'poison') {
          deliveries++
          dying = true
          return
        }
        done.push(bodyOf(delivery))
        void taker.subscription.settle([{ id: delivery.id, outcome: 'done' }])
      }
      await world.pass(1_000)
      if (dying) await world.killAndOpen()
    }
    assert.equal(deliveries, 4)
    assert.deepEqual(done, ['1', '2', '4', '5'])
    const [poison] = await world.do(world.broker.peek(deadLetter ?? 'a'))
    assert.equal(bodyOf(poison!), 'poison')
    if (deadLetter === undefined) assert.deepEqual([poison!.state, poison!.attempts], ['parked', 4])
    else {
      const { attempts, history } = poison!.deadLetter!
      assert.equal(attempts, 4)
      assert.equal(history.at(-1)?.cause, 'in delivery when the broker was killed')
    }
  })
}

test('with maxAttempts 1 a kill gives up nothing that may never have been delivered', async () => {
  const world = await worldWith({ maxAttempts: 1 })
  await world.publishAll('a', numbers(20))
  world.take('a', { credit: 1 })
  await world.pass(100)
  await world.killAndOpen()
  const taker = world.take('a').settleAll()
  await world.pass(1_000)
  assert.deepEqual(taker.bodies, numbers(20))
  assert.equal(world.stats('a').parked, 0)
})

/** What one message has gone through, as its consumers saw it. */
interface Story {
  delivered: number
  settled: boolean
  /** Failures that were confirmed. */
  failures: number
}

/** One life with consumers that fail, put off, close and are killed; checks each delivery. */
async function live(world: World, stories: Map<string, Story>, n: number): Promise<void> {
  const { random } = world.sim
  const taker = world.take('a', { credit: 1 + random.below(5) })
  taker.onDelivery = (delivery) => {
    const story = stories.get(bodyOf(delivery))!
    if (story.delivered > 0) assert.equal(delivery.redelivered, true, 'was delivered before')
    assert.ok(delivery.attempts >= story.failures, `${delivery.attempts} of ${story.failures}`)
    assert.equal(story.settled, false, 'was settled, and that was confirmed')
    story.delivered++
    const roll = random.next()
    if (roll < 0.3) return
    const outcome = roll < 0.6 ? 'done' : roll < 0.8 ? 'retry' : 'later'
    const batch = [{ id: delivery.id, outcome, delayMs: random.next() * 20 }] as const
    taker.subscription.settle(batch).then(
      () => {
        if (outcome === 'done') story.settled = true
        if (outcome === 'retry') story.failures++
      },
      () => undefined,
    )
  }
  for (let i = 0; i < 15; i++) {
    const body = `${n}.${i}`
    stories.set(body, { delivered: 0, settled: false, failures: 0 })
    const delayMs = random.chance(0.3) ? random.next() * 30 : 0
    await world.publish('a', body, { delayMs })
  }
  await world.pass(random.next() * 40)
}

async function liveThrough(seed: number): Promise<void> {
  const world = await worldWith({ maxAttempts: 0 }, seed)
  const stories = new Map<string, Story>()
  for (let n = 0; n < 5; n++) {
    await live(world, stories, n)
    if (world.sim.random.chance(0.2)) await world.close()
    else if (world.sim.random.chance(0.3)) world.sim.crash()
    else world.sim.kill()
    await world.open(TINY)
  }
  assert.deepEqual(world.warnings, [], `seed ${seed}`)
  const left = await world.do(world.broker.peek('a', { limit: 1_000 }))
  const bodies = new Set(left.map(bodyOf))
  for (const [body, { settled, delivered }] of stories) {
    if (!settled && delivered === 0) assert.ok(bodies.has(body), `seed ${seed}: ${body} is lost`)
    if (settled) assert.ok(!bodies.has(body), `seed ${seed}: ${body} came back`)
  }
}

test('at whatever kill, `redelivered` is never false for what was delivered', async () => {
  for (let seed = 1; seed <= 80; seed++) await liveThrough(seed)
})

/**
 * Crashes whenever message `poison` is handled, the others being settled one after the other, until
 * nothing is left; what ended in the dead-letter queue.
 */
async function deadLettersOf(poison: string, credit: number, maxAttempts: number) {
  const world = await worldWith({ maxAttempts, deadLetter: 'dead' })
  await world.publishAll('a', numbers(60))
  for (let life = 0; life < 40; life++) {
    const taker = world.take('a', { credit })
    let dead = false
    for (let quiet = 0; quiet < 20 && !dead; quiet++) {
      await world.pass(3)
      const next = taker.seen.shift()
      if (next === undefined) continue
      quiet = 0
      if (bodyOf(next) === poison) dead = true
      else await taker.done(next)
    }
    if (!dead) break
    await world.killAndOpen()
  }
  const found = await world.do(world.broker.peek('dead'))
  return { dead: found.map(bodyOf), left: world.stats('a').ready }
}

test('a message that kills the process takes no neighbour with it, at any credit', async () => {
  for (const [credit, maxAttempts] of [
    [1, 4],
    [10, 4],
    [10, 16],
    [100, 3],
    [100, 16],
  ] as const) {
    const found = await deadLettersOf('31', credit, maxAttempts)
    assert.deepEqual(found, { dead: ['31'], left: 0 }, `credit ${credit}, ${maxAttempts} attempts`)
  }
})

test('peek tells why a parked message failed, a delivery why the last one did', async () => {
  const world = await worldWith({ maxAttempts: 2 })
  await world.publish('a', 'bad')
  const taker = world.take('a')
  await world.pass(10)
  await taker.settle({ id: taker.last.id, outcome: 'retry', delayMs: 5, cause: 'first' })
  await world.pass(20)
  assert.equal(taker.last.cause, 'first')
  await taker.settle({ id: taker.last.id, outcome: 'retry', cause: 'second' })
  const [parked] = await world.do(world.broker.peek('a'))
  assert.equal(parked?.state, 'parked')
  assert.deepEqual(
    parked?.history.map(({ cause }) => cause),
    ['first', 'second'],
  )
})
