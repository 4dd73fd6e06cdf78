import type { CommitLog } from '../log/commit-log.ts'
import type { EngineQueue } from './engine-queue.ts'
import { appendReach } from './records.ts'

/**
 * How far beyond the message at hand a reach entry goes, ids. After a crash everything up to the
 * reach counts as possibly delivered; a longer reach is written more seldom and flags more that
 * never was.
 */
const REACH_IDS = 16_384

/**
 * Says on disk, before it happens, that messages up to some id may be delivered: so a restart knows
 * what may have been in delivery, and no delivery waits for a sync of its own. Publishes to a queue
 * with consumers carry the entry along in their group.
 */
export function reachFor(log: CommitLog, queue: EngineQueue, id: number): void {
  if (queue.consumers === 0 || id <= queue.reachAsked) return
  queue.reachAsked = id + REACH_IDS
  appendReach(log, queue.number, queue.reachAsked)
}
