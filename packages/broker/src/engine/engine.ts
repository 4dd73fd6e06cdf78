import { type Os, sleep } from '@hufu/os'
import { BrokerError } from '../errors.ts'
import type { Limits } from '../limits.ts'
import type { CommitLog } from '../log/commit-log.ts'
import { type EntryView, emptyEntryView } from '../log/entry.ts'
import type { LogReader } from '../log/reader.ts'
import type { EngineQueue } from './engine-queue.ts'
import type { State } from './state.ts'

/** What the parts of the engine share. */
export interface Engine {
  readonly os: Os
  readonly dir: string
  readonly limits: Limits
  readonly log: CommitLog
  readonly reader: LogReader
  readonly state: State
  readonly counters: { published: number; delivered: number; settled: number }
  /** Broker time, ms: never goes back, does not jump while the broker runs. */
  readonly time: () => number
  readonly warn: (text: string) => void
  closed: boolean
  /** Begun and not finished: a close waits for it, for it still writes to the log. */
  readonly work: Set<Promise<unknown>>
}

/** Notes work that a close has to wait for. */
export function track<T>(engine: Engine, work: Promise<T>): Promise<T> {
  engine.work.add(work)
  const over = () => void engine.work.delete(work)
  work.then(over, over)
  return work
}

/** Throws when the broker takes no more work; `doing` starts the message. */
export function demandOpen(engine: Engine, doing: string): void {
  if (engine.log.failure !== undefined) throw engine.log.failure
  if (engine.closed) throw new BrokerError('CLOSED', `${doing}: the broker is closed`)
}

export function demandQueue(engine: Engine, name: string, doing: string): EngineQueue {
  const queue = engine.state.byName.get(name)
  if (queue === undefined)
    throw new BrokerError('QUEUE_UNKNOWN', `${doing}: there is no queue ${name}`)
  return queue
}

/**
 * Calls `use` with the entry at `position`, from memory or disk; false when its bytes are damaged.
 */
export async function withEntry(
  engine: Engine,
  position: number,
  size: number,
  use: (entry: EntryView) => void,
): Promise<boolean> {
  const entry = emptyEntryView()
  for (let tries = 0; tries < 3; tries++) {
    const found = engine.reader.cached(position, entry)
    if (found === 'damaged') return false
    if (found === 'loaded') {
      use(entry)
      return true
    }
    await engine.reader.load(position, size)
  }
  return false
}

/**
 * A read that fails is tried again after these times, ms, where the error, did it pass, would have
 * decided what becomes of a message.
 */
export const READ_RETRIES_MS = [10, 100, 1_000]

/** As `withEntry`, tried again while the read fails; `place` is looked at anew each time. */
export async function withEntryAtLast(
  engine: Engine,
  place: { readonly position: number; readonly size: number },
  use: (entry: EntryView) => void,
): Promise<boolean> {
  for (const wait of READ_RETRIES_MS) {
    try {
      return await withEntry(engine, place.position, place.size, use)
    } catch (error) {
      if (engine.log.failure !== undefined) throw error
      await sleep(engine.os.clock, wait)
    }
  }
  return withEntry(engine, place.position, place.size, use)
}

const NO_BYTES = new Uint8Array(0)

/**
 * A part of an entry's bytes, copied: the block it is in will be written over. Small ones share
 * memory (Node's pool): an allocation each would cost more than the copy.
 */
export function copied(bytes: Uint8Array, from: number, to: number): Uint8Array {
  if (from === to) return NO_BYTES
  return Buffer.from(bytes.subarray(from, to))
}
