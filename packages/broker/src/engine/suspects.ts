import type { Engine } from './engine.ts'
import { appendReturns, type NewReturn } from './records.ts'
import type { EngineQueue } from './state.ts'

/** Rows in one entry. */
const ROWS_PER_ENTRY = 1_000

/**
 * Before an orderly stop: rows that an earlier crash may have caught in delivery, and that have not
 * come up since, are counted as attempted now. The next start will not know of that crash any more.
 */
export function markSuspects({ log, state }: Engine): void {
  for (const queue of state.queues.values()) {
    const items = suspectsOf(queue)
    for (let from = 0; from < items.length; from += ROWS_PER_ENTRY) {
      appendReturns(log, queue.number, items.slice(from, from + ROWS_PER_ENTRY))
    }
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
