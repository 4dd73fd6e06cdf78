import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Office, office, type Process } from './coordinator.fixture.ts'

const LIMITS = { busyCalls: 8, busySaves: 8, busyClaim: 1, claimMax: 5 }

/** Leaves transactions behind, each in the middle of its first call. */
async function leave(world: Office, count: number): Promise<void> {
  const gone = await world.process()
  gone.steps.on['reserve/action'] = () => new Promise(() => undefined)
  const ids = Array.from({ length: count }, (_, n) => `left${n}`)
  await Promise.all(ids.map((id) => gone.handle.begin({}, { id })))
  await gone.coordinator.stop(0)
}

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    assert.ok(tries < 4_000, 'waited in vain')
    await sleep(5)
  }
}

/** Notes of each claim how many it asked for, beside how many calls were open. */
function claimsOf({ store, steps }: Process) {
  const claims: { open: number; limit: number }[] = []
  const state = { open: 0, claims }
  const { claim } = store.transactions
  store.transactions.claim = (request) => {
    claims.push({ open: state.open, limit: request.limit })
    return claim(request)
  }
  steps.on['reserve/action'] = async () => {
    state.open++
    await sleep(30)
    state.open--
  }
  return state
}

test('what others left is taken over in portions, and all of it', async (t) => {
  const world = await office(t)
  await leave(world, 40)
  const process = await world.process(LIMITS)
  const { claims } = claimsOf(process)
  const ends = Array.from({ length: 40 }, (_, n) =>
    process.handle.outcome(`left${n}`, { wait: '20s' }),
  )
  for (const { status } of await Promise.all(ends)) assert.equal(status, 'committed')
  const busy = claims.filter(({ open }) => open >= LIMITS.busyCalls)
  assert.ok(busy.every(({ limit }) => limit === LIMITS.busyClaim))
  assert.ok(claims.some(({ limit }) => limit === LIMITS.busyClaim))
  assert.ok(claims.some(({ limit }) => limit === LIMITS.claimMax))
})

test('with calls that do not end, what others left is still taken over, slowly', async (t) => {
  const world = await office(t)
  await leave(world, 20)
  const process = await world.process(LIMITS)
  const called = new Set<string>()
  process.steps.on['reserve/action'] = ({ id }) => {
    called.add(id)
    return new Promise(() => undefined)
  }
  await until(() => called.size === 20)
})

test('what is begun here is not refused because others left much', async (t) => {
  const world = await office(t)
  await leave(world, 40)
  const process = await world.process({ ...LIMITS, busyClaim: 0, runningMax: 30 })
  process.steps.on['reserve/action'] = ({ id }) => {
    return id === 'new' ? undefined : new Promise(() => undefined)
  }
  await until(() => process.coordinator.inHand >= LIMITS.busyCalls)
  const { status } = await process.handle.run({}, { id: 'new' })
  assert.equal(status, 'committed')
})
