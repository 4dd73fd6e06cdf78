import type { CommitLog } from '../log/commit-log.ts'
import type { Engine } from './engine.ts'
import { appendReach, appendReturns, type NewReturn } from './records.ts'
import type { EngineQueue, State } from './state.ts'

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
  queue.waiting.eachAfter(0, limit, (id) => {
    if (!queue.isSuspect({ id })) return
    items.push({ id, state: 'ready', attempts: 1, crashes: 1, dueAt: 0, cause: '' })
  })
  for (const row of queue.rows.values()) {
    if (items.length >= limit) break
    if (!queue.isSuspect(row) || !['ready', 'aside', 'delayed'].includes(row.state)) continue
    const state = row.state === 'delayed' ? 'delayed' : 'ready'
    const { id, attempts, crashes, dueAt } = row
    const counted = { attempts: attempts + 1, crashes: crashes + 1 }
    items.push({ id, state, ...counted, dueAt, cause: '' })
  }
  return items
}
