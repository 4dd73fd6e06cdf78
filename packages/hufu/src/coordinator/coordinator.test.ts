import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { isHufuError } from '../errors.ts'
import { fail, later } from '../outcome.ts'
import { office } from './coordinator.fixture.ts'

const BY = { reason: 'test', by: 'me' }

/** Until `holds`, at most 5 s. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let n = 0; n < 500; n++) {
    if (await holds()) return
    await sleep(10)
  }
  assert.fail('it did not come to that within 5 s')
}

test('every step is called once, in order, and the results come back', async (t) => {
  const { steps, handle } = await (await office(t)).process()
  steps.on['reserve/action'] = () => ({ shelf: 7 })
  steps.on['ship/action'] = ({ results }) => ({ from: results.reserve })
  const outcome = await handle.run({ sku: 'a' }, { id: 'o1' })
  assert.equal(outcome.status, 'committed')
  assert.deepEqual(outcome.results.reserve, { shelf: 7 })
  assert.deepEqual(outcome.results.ship, { from: { shelf: 7 } })
  assert.deepEqual(steps.calls, ['reserve/action', 'charge/action', 'ship/action'])
})

test('a business failure undoes what was done, with its result, and says why', async (t) => {
  const { steps, handle } = await (await office(t)).process()
  const undone: unknown[] = []
  steps.on['reserve/action'] = () => ({ shelf: 7 })
  steps.on['charge/action'] = () => {
    throw fail('NO_MONEY', 'the card is empty')
  }
  steps.on['reserve/compensate'] = ({ result }) => void undone.push(result)
  const { status, cause } = await handle.run({}, { id: 'o1' })
  assert.equal(status, 'rolledBack')
  assert.deepEqual([cause?.code, cause?.branch], ['NO_MONEY', 'charge'])
  assert.deepEqual(undone, [{ shelf: 7 }])
})

test('an error is tried again, a later too, a call that hangs is given up in time', async (t) => {
  const { steps, handle } = await (await office(t)).process()
  steps.on['reserve/action'] = ({ attempt }) => {
    if (attempt === 1) throw new Error('connection refused')
    if (attempt === 2) throw later(5)
    if (attempt === 3) return new Promise(() => undefined)
    return attempt
  }
  const { status, results } = await handle.run({}, { id: 'o1' })
  assert.deepEqual([status, results.reserve], ['committed', 4])
})

test('the same id begins nothing again; with another input it is refused', async (t) => {
  const { steps, handle } = await (await office(t)).process()
  const runs = await Promise.all([1, 2, 3].map(() => handle.run({ n: 1 }, { id: 'o1' })))
  assert.deepEqual(
    runs.map(({ status }) => status),
    ['committed', 'committed', 'committed'],
  )
  assert.equal(runs.filter(({ repeated }) => repeated).length, 2)
  assert.equal(steps.calls.length, 3)
  await assert.rejects(handle.run({ n: 2 }, { id: 'o1' }), (e) => isHufuError(e, 'ID_REUSED'))
})

test('one that is started in a transaction begins with its commit, or never', async (t) => {
  const { steps, handle, store } = await (await office(t)).process()
  const failing = store.transaction(async (tx) => {
    await handle.start(tx, {}, { id: 'gone' })
    throw new Error('no')
  })
  await assert.rejects(failing, /no/)
  await store.transaction((tx) => handle.start(tx, {}, { id: 'o1' }))
  const { status } = await handle.outcome('o1', { wait: '5s' })
  assert.equal(status, 'committed')
  assert.equal(steps.calls.length, 3)
  await assert.rejects(handle.outcome('gone'), (e) => isHufuError(e, 'GLOBAL_UNKNOWN'))
})

test('what a coordinator leaves behind another one finishes', async (t) => {
  const world = await office(t)
  const first = await world.process()
  let hangs = 0
  first.steps.on['charge/action'] = () => new Promise(() => hangs++)
  const begun = await first.handle.run({}, { id: 'o1', wait: 50 })
  assert.deepEqual([begun.status, hangs], ['running', 1])
  const second = await world.process()
  await first.coordinator.stop(0)
  const { status } = await second.handle.outcome('o1', { wait: '5s' })
  assert.equal(status, 'committed')
  assert.deepEqual(second.steps.calls, ['charge/action', 'ship/action'])
})

test('one whose lease has ended is fenced off: others have its transactions', async (t) => {
  const world = await office(t)
  const paused = await world.process({ leaseMs: 200 })
  const answers: (() => void)[] = []
  paused.steps.on['charge/action'] = () => new Promise<void>((resolve) => answers.push(resolve))
  await paused.handle.run({}, { id: 'o1', wait: 50 })
  // Its renewals fail, as if the process stood still.
  const { transactions } = paused.store
  const renew = transactions.renew
  transactions.renew = () => new Promise(() => undefined)
  const other = await world.process()
  const { status } = await other.handle.outcome('o1', { wait: '5s' })
  assert.equal(status, 'committed')
  for (const answer of answers) answer()
  transactions.renew = renew
  await sleep(100)
  assert.equal(paused.steps.count('ship/action'), 0)
  assert.equal(other.steps.count('ship/action'), 1)
})

test('a definition that has changed never gets a running transaction; it is listed', async (t) => {
  const world = await office(t)
  const old = await world.process()
  old.steps.on['charge/action'] = () => new Promise(() => undefined)
  await old.handle.run({}, { id: 'o1', wait: 50 })
  await old.coordinator.stop(0)
  const { steps, verbs } = await world.process({}, 'v2')
  await sleep(150)
  assert.deepEqual(steps.calls, [])
  assert.deepEqual(
    (await verbs.unknown()).map(({ id }) => id),
    ['o1'],
  )
  await assert.rejects(verbs.retry('o1', BY), (e) => isHufuError(e, 'DEFINITION_UNKNOWN'))
  await verbs.stop('o1', BY)
  assert.equal((await verbs.get('o1'))?.status, 'stopped')
})

test('what is exhausted is parked with an alert, and goes on by a person’s word', async (t) => {
  const { steps, handle, verbs, alerts, store } = await (await office(t)).process()
  let broken = true
  steps.on['ship/action'] = () => {
    if (broken) throw new Error('no truck')
  }
  const { status } = await handle.run({}, { id: 'o1', key: 'k' })
  assert.equal(status, 'parked')
  assert.equal(steps.count('ship/action'), 5)
  const [alert] = alerts
  assert.deepEqual([alert?.kind, alert?.event, alert?.id], ['transaction', 'order', 'o1'])
  const explained = await verbs.explain('o1')
  assert.match(explained!.explanation!.next, /ship/)
  broken = false
  await verbs.retry('o1', BY)
  assert.equal((await handle.outcome('o1', { wait: '5s' })).status, 'committed')
  const [audit] = await store.audit.list(1)
  assert.deepEqual([audit?.action, audit?.subject], ['transaction.retry', 'order o1'])
  await assert.rejects(verbs.stop('o1', BY), (e) => isHufuError(e, 'GLOBAL_STATE'))
})

test('stopped: no further call is made', async (t) => {
  const { steps, handle, verbs } = await (await office(t)).process()
  steps.on['reserve/action'] = () => {
    throw new Error('not there')
  }
  await handle.run({}, { id: 'o1', wait: 20 })
  await verbs.stop('o1', BY)
  const { length } = steps.calls
  assert.equal((await handle.outcome('o1')).status, 'stopped')
  await sleep(60)
  assert.equal(steps.calls.length, length)
})

test('what waits long is given back and found again when it is due', async (t) => {
  const { steps, handle, coordinator } = await (await office(t)).process({ holdMs: 50 })
  steps.on['reserve/action'] = ({ attempt }) => {
    if (attempt === 1) throw later(150)
    return undefined
  }
  await handle.begin({}, { id: 'o1' })
  await until(() => steps.calls.length === 1 && coordinator.inHand === 0)
  assert.equal((await handle.outcome('o1', { wait: '5s' })).status, 'committed')
})

test('many at a time share commits', async (t) => {
  const { handle, steps } = await (await office(t)).process()
  const runs = Array.from({ length: 300 }, (_, n) => handle.run({ n }, { id: `o${n}` }))
  const outcomes = await Promise.all(runs)
  assert.ok(outcomes.every(({ status }) => status === 'committed'))
  assert.equal(steps.calls.length, 900)
})

test('a result that cannot be kept is an error of the call and disturbs nobody', async (t) => {
  const { steps, handle } = await (await office(t)).process()
  steps.on['reserve/action'] = ({ id, attempt }) => {
    if (id === 'o1' && attempt === 1) return 1n
    if (id === 'o1' && attempt === 2) return 'x'.repeat(2 ** 21)
    return attempt
  }
  const [odd, other] = await Promise.all([
    handle.run({}, { id: 'o1' }),
    handle.run({}, { id: 'o2' }),
  ])
  assert.deepEqual([odd.status, odd.results.reserve], ['committed', 3])
  assert.deepEqual([other.status, other.results.reserve], ['committed', 1])
})

test('what is in hand is limited by bytes too, and what is over gives its room back', async (t) => {
  const { steps, handle } = await (await office(t)).process({ bytesMax: 5_000 })
  let go = () => {}
  steps.on['reserve/action'] = ({ id }) =>
    id === 'o1' ? new Promise<void>((resolve) => (go = resolve)) : undefined
  await handle.begin({ text: 'x'.repeat(6_000) }, { id: 'o1' })
  await assert.rejects(handle.begin({}, { id: 'o2' }), (e) => isHufuError(e, 'BUSY'))
  go()
  assert.equal((await handle.outcome('o1', { wait: '5s' })).status, 'committed')
  assert.equal((await handle.run({}, { id: 'o2' })).status, 'committed')
})
