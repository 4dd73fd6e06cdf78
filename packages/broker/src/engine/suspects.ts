import type { CommitLog } from '../log/commit-log.ts'
import type { QueueRow } from '../queue/queue-row.ts'
import type { Engine } from './engine.ts'
import type { EngineQueue } from './engine-queue.ts'
import { appendReach, appendReturns, type NewReturn } from './records.ts'
import type { State } from './state.ts'

/** Rows in one entry. */
const ROWS_PER_ENTRY = 1_000

/**
 * More than these are not marked one by one, for it is done in one turn; then the stop is not
 * marked as clean.
 */
const ROWS_MAX = 100_000

/**
 * Before an orderly stop: rows that an earlier crash may have caught in delivery, and that have not
 * come up since, are counted as attempted now. The next start will not know of that crash any more.
 * Those that seem not to have been due then are flagged only: the clock may have been set back.
 * False where there are too many: the reach then covers them, for a start as after a crash.
 */
export function markSuspects({ log, state }: Engine): boolean {
  const found: { queue: EngineQueue; items: NewReturn[] }[] = []
  let left = ROWS_MAX
  for (const queue of state.queues.values()) {
    const items = suspectsOf(queue, left + 1)
    left -= items.length
    if (left < 0) {
      coverSuspects(log, state)
      return false
    }
    found.push({ queue, items })
  }
  for (const queue of state.queues.values()) {
    const items = unflaggedOf(queue, left)
    left -= items.length
    found.push({ queue, items })
  }
  for (const { queue, items } of found) {
    for (let from = 0; from < items.length; from += ROWS_PER_ENTRY) {
      appendReturns(log, queue.number, items.slice(from, from + ROWS_PER_ENTRY))
    }
  }
  return true
}

function coverSuspects(log: CommitLog, state: State): void {
  for (const { number, suspectUpTo } of state.queues.values()) {
    if (suspectUpTo > 0) appendReach(log, number, suspectUpTo)
  }
}

/** At most `limit` of them, for a queue may have millions. */
function suspectsOf(queue: EngineQueue, limit: number): NewReturn[] {
  const items: NewReturn[] = []
  if (queue.suspectUpTo === 0) return items
  // Their ids rise, so those that are suspect come first.
  for (const list of queue.waiting.lists) {
    list.eachAfter(0, limit - items.length, (id) => {
      if (!queue.isSuspect({ id })) return
      items.push({ id, state: 'ready', attempts: 1, crashes: 1, dueAt: 0, cause: '' })
    })
  }
  for (const row of queue.rows.values()) {
    if (items.length >= limit) break
    if (queue.isSuspect(row) && isIn(row)) items.push(backWith(row, 1))
  }
  return items
}

/** Rows of which this life would have said, at a delivery, that they may have come before. */
function unflaggedOf(queue: EngineQueue, limit: number): NewReturn[] {
  const items: NewReturn[] = []
  if (queue.suspectUpTo === 0) return items
  for (const row of queue.rows.values()) {
    if (items.length >= limit) break
    const known = row.id > queue.suspectUpTo || row.redelivered || queue.isSuspect(row)
    if (!known && isIn(row)) items.push(backWith(row, 0))
  }
  return items
}

function isIn({ state }: QueueRow): boolean {
  return state === 'ready' || state === 'aside' || state === 'delayed'
}

/** The row as it is, with so many crashes more. */
function backWith({ id, state, attempts, crashes, dueAt }: QueueRow, more: number): NewReturn {
  const counted = { attempts: attempts + more, crashes: crashes + more }
  return { id, state: state === 'delayed' ? 'delayed' : 'ready', ...counted, dueAt, cause: '' }
}
