import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { isHufuError } from '../errors.ts'
import type { SagaPlan } from '../kinds/saga-plan.ts'
import { office, type Process } from './coordinator.fixture.ts'
import type { Definition } from './definition.ts'

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(10)
}

const BY = { reason: 'a customer called', by: 'ada' }

/** The same definition; no action is tried a second time. */
function tryingOnce(definition: Definition): Definition {
  const { steps, deadlineMs } = definition.plan as SagaPlan
  const once = steps.map((step) => ({ ...step, retry: { ...step.retry, max: 1 } }))
  return { ...definition, plan: { steps: once, deadlineMs } }
}

/** The next transaction is reported as failed, and committed after that. */
function loseNextCommit({ store }: Process): void {
  const { transaction } = store
  store.transaction = (fn, options) => {
    store.transaction = transaction
    return new Promise((_, reject) => {
      const late = transaction.call(
        store,
        async (tx) => {
          const value = await fn(tx)
          reject(new Error('the connection was lost'))
          await sleep(150)
          return value
        },
        options,
      )
      late.catch(reject)
    })
  }
}

test('a person’s word that has lost its sense is refused, and stops nothing', async (t) => {
  const world = await office(t)
  const first = await world.process()
  const other = await world.process()
  other.coordinator.definitions.add(tryingOnce(other.handle.definition))
  first.steps.on['reserve/action'] = () => new Promise(() => undefined)
  await first.handle.begin({}, { id: 'o1' })
  const word = other.verbs.resolve('o1', 'rollback', BY)
  await assert.rejects(word, (e) => isHufuError(e, 'GLOBAL_STATE'))
  const { status } = await other.handle.outcome('o1', { wait: '5s' })
  assert.equal(status, 'rolledBack')
})

test('one whose insert is committed after its error is begun all the same', async (t) => {
  const process = await (await office(t)).process()
  loseNextCommit(process)
  await assert.rejects(process.handle.begin({}, { id: 'o1' }), /connection was lost/)
  await until(async () => (await process.store.transactions.get('o1')) !== undefined)
  assert.equal((await process.handle.outcome('o1', { wait: '5s' })).status, 'committed')
})

test('one that was taken over for a person in a commit not heard of goes on', async (t) => {
  const world = await office(t)
  const first = await world.process()
  const other = await world.process()
  first.steps.on['reserve/action'] = () => new Promise(() => undefined)
  await first.handle.begin({}, { id: 'o1' })
  loseNextCommit(other)
  await assert.rejects(other.verbs.retry('o1', BY), /connection was lost/)
  assert.equal((await other.handle.outcome('o1', { wait: '5s' })).status, 'committed')
  assert.equal(other.steps.count('ship/action'), 1)
})

test('what a person decides is not decided upon a state that has become old', async (t) => {
  const { store, steps, handle, verbs } = await (await office(t)).process()
  const reserved = Promise.withResolvers<void>()
  steps.on['reserve/action'] = () => reserved.promise
  await handle.begin({}, { id: 'o1' })
  const { transaction } = store
  store.transaction = async (fn, options) => {
    store.transaction = transaction
    const value = await transaction.call(store, fn, options)
    reserved.resolve()
    // The answer is slow: time enough for the pivot, were it called.
    await sleep(100)
    return value as Awaited<ReturnType<typeof fn>>
  }
  await verbs.resolve('o1', 'rollback', BY)
  assert.equal((await handle.outcome('o1', { wait: '5s' })).status, 'rolledBack')
  assert.equal(steps.count('charge/action'), 0)
})

test('a word that is stored when the lease is gone holds up nobody', async (t) => {
  const { store, steps, handle, verbs, coordinator } = await (await office(t)).process()
  steps.on['reserve/action'] = ({ attempt }) => {
    if (attempt === 1) return new Promise(() => undefined)
  }
  await handle.begin({}, { id: 'o1' })
  const { transaction } = store
  let anew: Promise<void> | undefined
  store.transaction = async (fn, options) => {
    store.transaction = transaction
    const value = await transaction.call(store, fn, options)
    anew = coordinator.lease.anew()
    return value as Awaited<ReturnType<typeof fn>>
  }
  await assert.rejects(verbs.retry('o1', BY), (e) => isHufuError(e, 'CLOSED'))
  await anew
  assert.equal((await handle.outcome('o1', { wait: '5s' })).status, 'committed')
})
