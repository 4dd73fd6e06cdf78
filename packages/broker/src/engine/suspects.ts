import type { CommitLog } from '../log/commit-log.ts'
import type { Engine } from './engine.ts'
import { appendReach, appendReturns, type NewReturn } from './records.ts'
import type { EngineQueue, State } from './state.ts'

/** Rows in one entry. */
const ROWS_PER_ENTRY = 1_000

/** More than these are not marked one by one; then the stop is not marked as clean. */
const ROWS_MAX = 100_000

/**
 * Before an orderly stop: rows that an earlier crash may have caught in delivery, and that have not
 * come up since, are counted as attempted now. The next start will not know of that crash any more.
 * False where there are too many: the reach then covers them, for a start as after a crash.
 */
export function markSuspects({ log, state }: Engine): boolean {
  let left = ROWS_MAX
  for (const queue of state.queues.values()) {
    const items = suspectsOf(queue)
    left -= items.length
    if (left < 0) {
      coverSuspects(log, state)
      return false
    }
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

function suspectsOf(queue: EngineQueue): NewReturn[] {
  const items: NewReturn[] = []
  if (queue.suspectUpTo === 0) return items
  queue.waiting.forEach((id) => {
    if (!queue.isSuspect({ id })) return
    items.push({ id, state: 'ready', attempts: 1, dueAt: 0, cause: '' })
  })
  for (const row of queue.rows.values()) {
    if (!queue.isSuspect(row) || !['ready', 'aside', 'delayed'].includes(row.state)) continue
    const state = row.state === 'delayed' ? 'delayed' : 'ready'
    const { id, attempts, crashes, dueAt } = row
    items.push({ id, state, attempts: attempts + 1, crashes, dueAt, cause: '' })
  }
  return items
}
