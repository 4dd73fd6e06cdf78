import type { QueueRow } from '../queue/queue-row.ts'
import { demandOpen, demandQueue, type Engine } from './engine.ts'
import type { EngineQueue } from './engine-queue.ts'
import { appendPurge } from './purge-entry.ts'
import { appendSettle, SETTLED } from './records.ts'

/** Ids in one settle entry. */
const IDS_PER_ENTRY = 4_096

/** Removes what is ready in the queue; returns how much that was. Durable when it resolves. */
export async function purge(engine: Engine, name: string): Promise<number> {
  const doing = `Cannot purge queue ${name}`
  demandOpen(engine, doing)
  const queue = demandQueue(engine, name, doing)
  const upTo = engine.state.nextId - 1
  // Of two purges the second counts only what came behind the first. What is on its way to a
  // consumer, its attempt being written, is ready again in a moment.
  while (queue.purging || queue.marking > 0) await engine.log.durable()
  demandOpen(engine, doing)
  const removed = removeTracked(engine, queue, upTo)
  const kept = [...queue.rows.values()].filter(isUnderWay).map(({ id }) => id)
  appendPurge(engine.log, queue.number, upTo, kept)
  // Nothing may leave the waiting ones until the entry is applied.
  queue.purging = true
  await engine.log.durable()
  return removed + queue.purged
}

/** Rows that are more than waiting are named one by one. */
function removeTracked({ log }: Engine, queue: EngineQueue, upTo: number): number {
  const ready = [...queue.rows.values()].filter(({ id, state }) => {
    return id <= upTo && (state === 'ready' || state === 'aside')
  })
  for (const row of ready) queue.move(row, 'settling')
  const ids = ready.map(({ id }) => id)
  for (let from = 0; from < ids.length; from += IDS_PER_ENTRY) {
    appendSettle(log, queue.number, ids.slice(from, from + IDS_PER_ENTRY), SETTLED.removed)
  }
  return ids.length
}

function isUnderWay({ state }: QueueRow): boolean {
  return state === 'unsettled' || state === 'settling'
}
