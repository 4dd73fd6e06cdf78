import type { CommitLog } from '../log/commit-log.ts'
import type { EntryView } from '../log/entry.ts'
import { ENTRY_HEADER_BYTES, getU64, setU64 } from '../log/layout.ts'

/*
 * A purge entry: what just waits in the queue, with ids up to the first one, is gone, but for the
 * ids kept: those were in delivery, of which the log says nothing else; aux is the queue's number.
 *   | up to 8 | kept 8 × n |
 */
export const PURGE = 25

export function appendPurge(
  log: CommitLog,
  queue: number,
  upTo: number,
  kept: readonly number[],
): void {
  const at = log.append(PURGE, 0, queue, 8 + 8 * kept.length)
  const { view } = log.block
  setU64(view, at, upTo)
  for (const [i, id] of kept.entries()) setU64(view, at + 8 + 8 * i, id)
}

export function readPurge({ view, offset, length }: EntryView): {
  upTo: number
  kept: ReadonlySet<number>
} {
  const kept = new Set<number>()
  const start = offset + ENTRY_HEADER_BYTES
  for (let at = start + 8; at < offset + length; at += 8) kept.add(getU64(view, at))
  return { upTo: getU64(view, start), kept }
}
