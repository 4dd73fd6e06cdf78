import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AckQueue } from './ack-queue.ts'
import { memoryInUse } from './memory.fixture.ts'
import type { QueueRow, Return } from './queue-row.ts'

const BYTES_PER_ROW = 24
const SIZE = 100

function queueOf(rows: number, keyOf: (id: number) => number = () => 0, asideMax = 1_000) {
  const queue = new AckQueue(1, 'a', asideMax)
  for (let id = 1; id <= rows; id++) queue.add(id, id * 1_000, SIZE, keyOf(id), 0)
  return queue
}

function takeNext(queue: AckQueue): QueueRow | undefined {
  const head = queue.head()
  return head === undefined ? undefined : queue.take(head, 'unsettled')
}

function takeAll(queue: AckQueue): number[] {
  const ids: number[] = []
  for (let row = takeNext(queue); row !== undefined; row = takeNext(queue)) ids.push(row.id)
  return ids
}

function back(id: number, state: Return['state'], more: Partial<Return> = {}): Return {
  const dueAt = state === 'delayed' ? 50 : 0
  return { id, state, attempts: 0, crashes: 0, dueAt, at: 1, cause: '', ...more }
}

const countsOf = (queue: AckQueue) => {
  const { unsettled, delayed, parked } = queue.counts
  return [queue.length, queue.ready, unsettled, delayed, parked, queue.bytes / SIZE]
}

test('rows are taken in order of their ids, and counted where they are', () => {
  const queue = queueOf(5)
  assert.deepEqual(countsOf(queue), [5, 5, 0, 0, 0, 5])
  assert.deepEqual(takeAll(queue), [1, 2, 3, 4, 5])
  assert.deepEqual(countsOf(queue), [5, 0, 5, 0, 0, 5])
  queue.remove(3)
  queue.bringBack(back(1, 'delayed'), true)
  queue.bringBack(back(2, 'parked'), true)
  queue.bringBack(back(5, 'ready'), true)
  assert.deepEqual(countsOf(queue), [4, 1, 1, 1, 1, 4])
})

test('looking at the head takes nothing', () => {
  const queue = queueOf(3)
  for (let i = 0; i < 3; i++) assert.equal(queue.head()?.id, 1)
  assert.equal(queue.ready, 3)
})

test('a row that comes back goes before those that were never taken, by its id', () => {
  const queue = queueOf(5)
  for (let i = 0; i < 3; i++) takeNext(queue)
  queue.bringBack(back(3, 'ready'), true)
  queue.bringBack(back(1, 'ready'), true)
  assert.deepEqual(takeAll(queue), [1, 3, 4, 5])
})

test('a row that was delayed on publish goes behind smaller ids that wait', () => {
  const queue = queueOf(2)
  queue.add(3, 3_000, SIZE, 0, 50)
  queue.add(4, 4_000, SIZE, 0, 0)
  assert.equal(queue.due(3, 50), true)
  assert.deepEqual(takeAll(queue), [1, 2, 3, 4])
})

test('a row comes due once, at the time it was last put off to', () => {
  const queue = queueOf(1)
  takeNext(queue)
  queue.bringBack(back(1, 'delayed', { dueAt: 50 }), true)
  queue.bringBack(back(1, 'delayed', { dueAt: 70 }), true)
  assert.equal(queue.due(1, 50), false)
  assert.equal(queue.due(1, 70), true)
  assert.equal(queue.due(1, 70), false)
  assert.equal(queue.due(2, 70), false)
})

test('a row that comes back is redelivered and has the attempts and cause it came with', () => {
  const queue = queueOf(1)
  assert.equal(takeNext(queue)?.redelivered, false)
  queue.bringBack(back(1, 'ready', { attempts: 2, at: 7, cause: 'first' }), true)
  const row = queue.bringBack(back(1, 'ready', { attempts: 3, at: 9, cause: 'second' }), true)
  assert.deepEqual([row?.attempts, row?.redelivered], [3, true])
  assert.deepEqual(row?.history, [
    { at: 7, cause: 'first' },
    { at: 9, cause: 'second' },
  ])
})

test('a row is removed wherever it is, once, and says where its bytes are', () => {
  const queue = queueOf(4)
  takeNext(queue)
  queue.bringBack(back(2, 'parked'), true)
  for (const id of [1, 2, 4]) {
    const { position, size } = queue.remove(id)!
    assert.deepEqual([position, size], [id * 1_000, SIZE])
    assert.equal(queue.remove(id), undefined)
  }
  assert.deepEqual(countsOf(queue), [1, 1, 0, 0, 0, 1])
  assert.equal(queue.bringBack(back(2, 'ready'), true), undefined)
})

test('a row that is looked up to be settled is not taken by anyone', () => {
  const queue = queueOf(3)
  assert.equal(queue.tracked(2)?.state, 'settling')
  assert.equal(queue.tracked(9), undefined)
  assert.deepEqual(takeAll(queue), [1, 3])
})

test('relocating keeps the row and says where it was', () => {
  const queue = queueOf(2)
  takeNext(queue)
  for (const id of [1, 2]) {
    assert.deepEqual(queue.relocate(id, 77), { position: id * 1_000, size: SIZE })
  }
  assert.equal(queue.relocate(3, 77), undefined)
  assert.equal(queue.rows.get(1)?.position, 77)
  assert.equal(queue.remove(2)?.position, 77)
})

test('rows up to the suspect one are redelivered and not exact, later ones are new', () => {
  const queue = queueOf(3)
  queue.suspectUpTo = 2
  const rows = [takeNext(queue), takeNext(queue), takeNext(queue)]
  assert.deepEqual(
    rows.map((row) => [row!.redelivered, queue.isSuspect(row!)]),
    [
      [true, true],
      [true, true],
      [false, false],
    ],
  )
  const marked = queue.bringBack(back(1, 'ready', { attempts: 1 }), true)
  assert.equal(queue.isSuspect(marked!), false)
})

test('in order by key a key is held from take to remove, over delays, until parked', () => {
  const queue = queueOf(9, (id) => ((id - 1) % 3) + 1)
  queue.setOrdered(true)
  assert.deepEqual(takeAll(queue), [1, 2, 3])
  queue.remove(1)
  assert.deepEqual(takeAll(queue), [4])
  queue.bringBack(back(2, 'delayed'), true)
  queue.bringBack(back(3, 'parked'), true)
  assert.deepEqual(takeAll(queue), [6])
  queue.due(2, 50)
  assert.deepEqual(takeAll(queue), [2])
  assert.deepEqual(countsOf(queue), [8, 4, 3, 0, 1, 8])
})

test('rows to be retried hold their keys, those just delayed do not', () => {
  const queue = queueOf(2, () => 7)
  takeNext(queue)
  queue.bringBack(back(1, 'delayed'), true)
  queue.add(3, 3_000, SIZE, 8, 50)
  queue.add(4, 4_000, SIZE, 8, 0)
  queue.setOrdered(true)
  assert.deepEqual(takeAll(queue), [4])
})

test('rows aside are at most as many as stated; then nothing is taken until a key is left', () => {
  const queue = queueOf(10, (id) => (id === 10 ? 2 : 1), 4)
  queue.setOrdered(true)
  assert.deepEqual(takeAll(queue), [1])
  assert.equal(queue.waiting.length, 5)
  for (let id = 1; id <= 5; id++) queue.remove(id)
  assert.deepEqual(takeAll(queue), [6, 10])
})

/** A small generator, so that a failure can be repeated. */
function randomOf(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** The rules that hold whatever happens; `alive` has the keys of all rows. */
function checkRules(queue: AckQueue, alive: Map<number, number>): void {
  assert.equal(queue.length, alive.size)
  assert.equal(queue.bytes, alive.size * SIZE)
  const { unsettled, delayed, parked } = queue.counts
  const states = [...queue.rows.values()].map(({ state }) => state)
  const count = (state: string) => states.filter((each) => each === state).length
  assert.deepEqual(
    [unsettled, delayed, parked],
    [count('unsettled') + count('settling'), count('delayed'), count('parked')],
  )
  const busy = [...queue.rows.values()].filter(({ state, key }) => state === 'unsettled' && key > 0)
  if (queue.ordered) assert.equal(new Set(busy.map(({ key }) => key)).size, busy.length)
}

for (const ordered of [false, true]) {
  const how = ordered ? 'in order by key' : 'without keys'
  test(`20,000 random steps ${how} keep the counts, and no row is lost`, () => {
    const random = randomOf(ordered ? 5 : 6)
    const queue = new AckQueue(1, 'a', 10_000)
    queue.setOrdered(ordered)
    const alive = new Map<number, number>()
    const pick = () => [...queue.rows.keys()][random(queue.rows.size)]
    let next = 1
    for (let step = 0; step < 20_000; step++) {
      const what = random(10)
      if (what < 2 && alive.size < 300) {
        const key = ordered ? random(6) : 0
        queue.add(next, next, SIZE, key, random(5) === 0 ? 50 : 0)
        alive.set(next++, key)
      } else if (what < 6) takeNext(queue)
      else {
        const row = queue.rows.get(pick() ?? 0)
        if (row?.state === 'delayed') queue.due(row.id, row.dueAt)
        if (row?.state === 'parked') queue.bringBack(back(row.id, 'ready'), true)
        if (row?.state !== 'unsettled') continue
        if (what < 8) alive.delete(row.id)
        if (what < 8) queue.remove(row.id)
        else
          queue.bringBack(back(row.id, (['ready', 'delayed', 'parked'] as const)[random(3)]!), true)
      }
      if (step % 50 === 0) checkRules(queue, alive)
    }
    for (let i = 0; i < 2 * alive.size + 400 && queue.length > 0; i++) {
      for (const row of [...queue.rows.values()]) {
        if (row.state === 'delayed') queue.due(row.id, row.dueAt)
        else if (row.state === 'parked' || row.state === 'unsettled') queue.remove(row.id)
      }
      takeNext(queue)
    }
    assert.equal(queue.length, 0)
    assert.deepEqual(countsOf(queue), [0, 0, 0, 0, 0, 0])
  })
}

/** Rows 1 to 4 of one key; 1 to 3 were taken without order and come back as they say. */
function mixed(...states: Return['state'][]): AckQueue {
  const queue = queueOf(4, () => 7)
  for (const _ of states) takeNext(queue)
  for (const [i, state] of states.entries()) queue.bringBack(back(i + 1, state), true)
  queue.setOrdered(true)
  return queue
}

/** What comes next; undefined while the key is held by a row that is not ready. */
function settleNext(queue: AckQueue): number | undefined {
  const row = takeNext(queue)
  if (row !== undefined) queue.remove(row.id)
  return row?.id
}

test('rows of a key that all wait for their retry block it one after the other', () => {
  const queue = mixed('delayed', 'delayed', 'delayed')
  assert.equal(settleNext(queue), undefined)
  queue.due(3, 50)
  assert.equal(settleNext(queue), undefined, 'the first two are still to come')
  queue.due(1, 50)
  assert.equal(settleNext(queue), 1)
  assert.equal(settleNext(queue), undefined, 'the second is still to come')
  queue.due(2, 50)
  assert.deepEqual([settleNext(queue), settleNext(queue), settleNext(queue)], [2, 3, 4])
  assert.equal(queue.length, 0)
})

test('an earlier row of a key that is ready goes before a later one that waits', () => {
  const queue = mixed('ready', 'delayed', 'ready')
  assert.equal(settleNext(queue), 1)
  assert.equal(settleNext(queue), undefined)
  queue.due(2, 50)
  assert.deepEqual([settleNext(queue), settleNext(queue), settleNext(queue)], [2, 3, 4])
})

test('an earlier row of a key that has become ready goes before a later one aside', () => {
  const queue = mixed('delayed', 'delayed', 'ready')
  assert.equal(settleNext(queue), undefined, 'the third is aside, behind the first')
  queue.due(1, 50)
  const first = takeNext(queue)!
  // While the first is under way, and nobody asks for a head.
  queue.due(2, 50)
  queue.remove(first.id)
  assert.deepEqual([settleNext(queue), settleNext(queue), settleNext(queue)], [2, 3, 4])
})

test('a row behind that is removed or parked meanwhile blocks its key no longer', () => {
  for (const end of ['remove', 'park'] as const) {
    const queue = mixed('delayed', 'delayed')
    if (end === 'remove') queue.remove(2)
    else queue.bringBack(back(2, 'parked'), true)
    queue.due(1, 50)
    assert.deepEqual([settleNext(queue), settleNext(queue), settleNext(queue)], [1, 3, 4])
  }
})

test('a million waiting rows cost 24 bytes each in the process, and give them back', () => {
  const before = memoryInUse()
  const queue = queueOf(1_000_000, (id) => id % 1_000)
  const perRow = (memoryInUse() - before) / 1_000_000
  assert.ok(perRow <= BYTES_PER_ROW * 1.05, `${perRow} bytes per row`)
  for (let id = 1; id <= 1_000_000; id++) queue.remove(id)
  const left = memoryInUse() - before
  assert.ok(left < 1_000_000, `${left} bytes left`)
  assert.equal(queue.length, 0)
})
