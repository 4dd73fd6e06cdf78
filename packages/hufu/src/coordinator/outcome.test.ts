import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TransactionSave } from '../ports/transactions.ts'
import { office, type Process } from './coordinator.fixture.ts'

/** Counts how often single transactions are read from the store. */
function readsOf({ store }: Process): { count: number } {
  const reads = { count: 0 }
  const { get } = store.transactions
  store.transactions.get = (id) => {
    reads.count++
    return get(id)
  }
  return reads
}

test('what ended in this process is not read back, and is as it is stored', async (t) => {
  const process = await (await office(t)).process()
  const { steps, handle } = process
  steps.on['reserve/action'] = () => ({ at: new Date(0), none: undefined })
  const reads = readsOf(process)
  // The first answer takes a while: somebody waits by then.
  steps.on['ship/action'] = () => sleep(20)
  const { status, results } = await handle.run({}, { id: 'o1' })
  assert.equal(reads.count, 0)
  assert.equal(status, 'committed')
  assert.deepEqual(results, (await handle.outcome('o1')).results)
  assert.deepEqual(results.reserve, { at: '1970-01-01T00:00:00.000Z' })
})

test('nobody is told of an end before it is stored', async (t) => {
  const { store, handle } = await (await office(t)).process()
  const stored: string[] = []
  const { save } = store.transactions
  store.transactions.save = async (tx, owner, saves: readonly TransactionSave[]) => {
    const lost = await save(tx, owner, saves)
    // The commit is still to come.
    await sleep(20)
    for (const { id, status } of saves) stored.push(`${id} ${status}`)
    return lost
  }
  await handle.run({}, { id: 'o1' })
  assert.ok(stored.includes('o1 committed'))
})
