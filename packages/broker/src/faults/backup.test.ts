import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Peeked } from '../api.ts'
import { createBroker } from '../engine/open.ts'
import { Lives, QUEUES } from './lives.fixture.ts'

const WORLDS = 40

test('a copy taken while working holds what was confirmed before, undamaged', async () => {
  for (let seed = 1; seed <= WORLDS; seed++) {
    const lives = new Lives(seed)
    await lives.open()
    await work(lives)
    const before = lives.model.unsettled()
    const copying = lives.broker.backup('/copy')
    for (let i = 0; i < 5; i++) {
      for (let count = lives.random.below(8); count > 0; count--) lives.publish()
      await lives.sim.runFor(lives.random.next() * 3)
    }
    const { bytes } = await lives.sim.settle(copying)
    await work(lives)
    const found = await contentsOfCopy(lives, bytes)
    const due = before.filter((copy) => lives.model.isUnsettled(copy))
    const missing = due.filter((copy) => lives.model.timesIn(copy, found) !== 1)
    assert.deepEqual(missing, [], `seed ${seed}`)
    // The origin has gone on, and a kill does not hurt it.
    lives.die()
    await lives.open()
    await lives.check()
  }
})

async function work(lives: Lives): Promise<void> {
  for (let step = 5 + lives.random.below(10); step > 0; step--) {
    if (lives.random.chance(0.2)) lives.subscribe()
    for (let count = lives.random.below(8); count > 0; count--) lives.publish()
    await lives.sim.runFor(lives.random.next() * 8)
  }
}

async function contentsOfCopy(lives: Lives, bytes: number, dir = '/copy'): Promise<Peeked[]> {
  const { sim, limits } = lives
  assert.ok(bytes > 0)
  const broker = await sim.settle(createBroker({ dir, os: sim.os, limits }))
  const { damaged, tailBytesCut, cleanStop } = broker.report
  assert.deepEqual(
    { damaged, tailBytesCut, cleanStop },
    { damaged: [], tailBytesCut: 0, cleanStop },
  )
  const found: Peeked[] = []
  for (const queue of QUEUES)
    found.push(...(await sim.settle(broker.peek(queue, { limit: 1_000 }))))
  await sim.settle(broker.close())
  return found
}

test('a backup into a folder that is not empty is refused, and the broker goes on', async () => {
  const lives = new Lives(1)
  await lives.open()
  const again = () => lives.sim.settle(lives.broker.backup('/copy'))
  await again()
  await assert.rejects(again(), /^BrokerError: Cannot back up to \/copy: the folder is not empty$/)
  lives.publish()
  await lives.sim.runFor(50)
  await lives.check()
})

test('a backup that finds no room is refused, and the broker goes on', async () => {
  const lives = new Lives(1)
  await lives.open()
  const { disk } = lives.sim
  disk.capacityBytes = disk.usedBytes + 1_000
  const text = /^BrokerError: Cannot back up to \/copy: .*ENOSPC/
  await assert.rejects(lives.sim.settle(lives.broker.backup('/copy')), text)
  disk.capacityBytes = 2 ** 40
  lives.publish()
  await lives.sim.runFor(50)
  await lives.check()
  await lives.sim.settle(lives.broker.backup('/copy2'))
})

test('a backup cut short by a kill is not taken for a whole one', async () => {
  let refused = 0
  for (let seed = 1; seed <= 20; seed++) {
    const lives = new Lives(seed)
    await lives.open()
    await work(lives)
    void lives.broker.backup('/copy')
    await lives.sim.runFor(lives.random.next() * 25)
    lives.sim.kill()
    const names = lives.sim.disk.files().filter((path) => path.startsWith('/copy/'))
    if (names.length === 0 || names.includes('/copy/manifest')) continue
    const opening = createBroker({ dir: '/copy', os: lives.sim.os, limits: lives.limits })
    const outcome = await lives.sim.settle(opening).then(
      (broker) => broker.report.messages,
      (error) => error.code,
    )
    // With nothing but checkpoints it may count as new; a segment without a manifest never does.
    const hasSegments = names.some((name) => name.endsWith('.seg'))
    assert.equal(outcome, hasSegments ? 'LOG_DAMAGED' : outcome)
    if (hasSegments) refused++
  }
  assert.ok(refused > 0)
})

test('a backup that was made survives a power cut, its folder too', async () => {
  const lives = new Lives(1)
  await lives.open()
  await work(lives)
  const { bytes } = await lives.sim.settle(lives.broker.backup('/far/away/copy'))
  const due = lives.model.unsettled()
  assert.ok(due.length > 0)
  lives.sim.crash({ keep: 'none' })
  const found = await contentsOfCopy(lives, bytes, '/far/away/copy')
  const missing = due.filter((copy) => lives.model.timesIn(copy, found) !== 1)
  assert.deepEqual(missing, [])
})

test('a backup after a start that cut a torn tail is whole', async () => {
  let torn = 0
  for (let seed = 1; seed <= 40; seed++) {
    const lives = new Lives(seed)
    await lives.open()
    await work(lives)
    for (let count = 0; count < 8; count++) lives.publish()
    await lives.sim.runFor(lives.random.next())
    lives.sim.crash({ keep: 'some' })
    const { sim, limits } = lives
    const open = (dir: string) => sim.settle(createBroker({ dir, os: sim.os, limits }))
    const broker = await open('/data/broker')
    if (broker.report.tailBytesCut === 0) continue
    torn++
    await sim.settle(broker.backup('/copy'))
    const copy = await open('/copy')
    assert.deepEqual(copy.report.damaged, [], `seed ${seed}`)
  }
  assert.ok(torn > 5)
})

test('a backup whose first start is killed is whole at the next one', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const lives = new Lives(seed)
    await lives.open()
    await work(lives)
    const before = lives.model.unsettled()
    const { bytes } = await lives.sim.settle(lives.broker.backup('/copy'))
    const due = before.filter((copy) => lives.model.isUnsettled(copy))
    lives.sim.kill()
    const { sim, limits } = lives
    createBroker({ dir: '/copy', os: sim.os, limits }).catch(() => undefined)
    await sim.runFor(lives.random.next() * 12)
    lives.die()
    const found = await contentsOfCopy(lives, bytes, '/copy')
    const missing = due.filter((copy) => lives.model.timesIn(copy, found) !== 1)
    assert.deepEqual(missing, [], `seed ${seed}`)
  }
})
