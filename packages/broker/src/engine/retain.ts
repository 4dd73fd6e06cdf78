import { isDiskError, type Timer } from '@hufu/os'
import type { CheckpointFiles } from '../log/checkpoint-file.ts'
import type { CommitLog, Holder } from '../log/commit-log.ts'
import type { EntryView } from '../log/entry.ts'
import { encodeLogBlock } from '../log/recover.ts'
import type { Segment } from '../log/segment.ts'
import { queuesOf } from './batches.ts'
import { encodeState } from './checkpoint.ts'
import { copied, type Engine, withEntry } from './engine.ts'
import {
  appendMessage,
  emptyMessageView,
  loadMessage,
  type MessageView,
  MOVED,
  type NewMessage,
} from './records.ts'
import type { LiveCounter } from './state.ts'

/** A checkpoint waits until the log has grown by so many times the last checkpoint's size. */
const GROWTH_FACTOR = 2
/** On a full disk a checkpoint, which frees segments, is tried so often, ms. */
const NO_SPACE_RETRY_MS = 1_000
/**
 * A segment with less of its bytes alive than this is emptied by copying, when the log is large.
 */
const STRAGGLER_SHARE = 0.25
/**
 * After so many groups it is looked whether enough segments are empty to make a checkpoint worth
 * it.
 */
const GROUPS_PER_LOOK = 32
/**
 * In a checkpoint: a queue, a waiting row, and a row that is more than waiting (40 and its causes);
 * bytes, roughly.
 */
const QUEUE_BYTES = 512
const WAITING_BYTES = 24
const ROW_BYTES = 128
/** A record, besides its key and value. */
const RECORD_BYTES = 8
/** Copied in one turn, bytes. */
const COPY_BYTES_PER_TURN = 1 << 20

/** Counts what lives in each segment. */
export function liveCounter(segmentAt: (position: number) => Holder): LiveCounter {
  let segment: Holder | undefined
  return {
    add(position, size, by) {
      // Mostly the same as the last time.
      const same = segment !== undefined && position - segment.base < segment.capacity
      if (!same || position < segment!.base) segment = segmentAt(position)
      segment!.liveCount += by
      segment!.liveBytes += by * size
    },
  }
}

/** What a checkpoint may take by the time the next segment is full, roughly. */
function checkpointBytesMax({ log, state }: Engine): number {
  let bytes = log.segments.current.capacity
  bytes += state.records.bytes + state.records.size * RECORD_BYTES
  for (const queue of state.queues.values()) {
    bytes += QUEUE_BYTES + queue.waiting.length * WAITING_BYTES + queue.rows.size * ROW_BYTES
  }
  return bytes
}

/** Writes checkpoints, frees segments that hold nothing any more, copies stragglers forward. */
export class Retainer {
  readonly #engine: Engine
  readonly #checkpoints: CheckpointFiles
  #running: Promise<void> | undefined
  #held = 0
  #freeing: Promise<void> | undefined
  #retryAt = 0
  #retry: Timer | undefined

  constructor(engine: Engine, checkpoints: CheckpointFiles) {
    this.#engine = engine
    this.#checkpoints = checkpoints
    engine.state.live = liveCounter((position) => engine.log.holderOf(position))
    engine.log.segments.reserveBytes = () => checkpointBytesMax(engine)
    engine.log.segments.makeSpace = () => this.#makeSpace()
  }

  /** Called after each write group. */
  groupWritten(): void {
    if (this.#running === undefined && this.#held === 0 && this.#isDue()) this.run()
  }

  /** No next segment can be had: a checkpoint frees what is drained, if anything is. */
  async #makeSpace(): Promise<void> {
    if (this.#held > 0 || this.#dead() === 0) return
    await this.#checkpointAndFree().catch((error) => this.#failed(error))
  }

  /** Starts a checkpoint and what follows from it. */
  run(): void {
    this.#running = this.#work()
      .catch((error) => this.#failed(error))
      .finally(() => {
        this.#running = undefined
      })
  }

  /** No checkpoint and no freed segment until the returned function is called; for a backup. */
  async hold(): Promise<() => void> {
    this.#held++
    await this.#running
    await this.#freeing?.catch(() => undefined)
    return () => void this.#held--
  }

  async idle(): Promise<void> {
    this.#retry?.cancel()
    await this.#running
    await this.#freeing?.catch(() => undefined)
  }

  #isDue(): boolean {
    const { log, limits, os } = this.#engine
    const newest = this.#checkpoints.newest
    const grown = log.end - (newest?.position ?? 0)
    if (os.clock.mono() < this.#retryAt) return false
    if (log.segments.noSpace && this.#dead() > 0) return true
    const worth = Math.max(limits.checkpointBytes, GROWTH_FACTOR * (newest?.bytes ?? 0))
    return grown >= worth || (log.groupsWritten % GROUPS_PER_LOOK === 0 && this.#dead() >= worth)
  }

  /**
   * Bytes of segments in which nothing lives, and that only a newer checkpoint is missing to free.
   */
  #dead(): number {
    const { all, current, next } = this.#engine.log.segments
    return all.reduce((sum, segment) => {
      const dead = segment.liveCount === 0 && segment !== current && segment !== next
      return dead ? sum + segment.capacity : sum
    }, 0)
  }

  /**
   * Before an orderly stop: the next start then has little to read, and what is drained is given
   * back.
   */
  async stop(): Promise<void> {
    await this.hold()
    const { log, limits } = this.#engine
    const grown = log.end - (this.#checkpoints.newest?.position ?? 0)
    if (grown < limits.segmentBytesMin) return
    await this.#checkpointAndFree().catch((error) => this.#failed(error))
  }

  async #work(): Promise<void> {
    await this.#checkpointAndFree()
    await this.#copyStragglers()
  }

  /** One at a time; who comes meanwhile waits for the one under way. */
  #checkpointAndFree(): Promise<void> {
    this.#freeing ??= this.#checkpoint()
      .then(() => this.#free())
      .finally(() => {
        this.#freeing = undefined
      })
    return this.#freeing
  }

  async #checkpoint(): Promise<void> {
    const { log, time } = this.#engine
    await this.#checkpoints.write(log.end, Math.ceil(time()), this.#blocks())
    // What found no room, or was held by a batch that has ended since, gets another turn.
    for (const segment of log.segments.all) segment.copied = false
  }

  async *#blocks(): AsyncGenerator<Uint8Array> {
    const { log, state } = this.#engine
    yield encodeLogBlock(log.incarnations)
    yield* encodeState(state)
  }

  async #free(): Promise<void> {
    const { log, reader } = this.#engine
    const covered = this.#checkpoints.newest?.position ?? 0
    for (const segment of [...log.segments.all]) {
      const used = segment === log.segments.current || segment === log.segments.next
      if (used || segment.liveCount > 0 || segment.base + segment.capacity >= covered) continue
      reader.forget(segment)
      await log.segments.free(segment)
    }
    log.incarnations.trim(log.segments.all[0]?.base ?? 0)
  }

  /**
   * Copies what little lives in the emptiest old segment, when the log is far larger than its
   * content.
   */
  async #copyStragglers(): Promise<void> {
    const { log, limits } = this.#engine
    const live = log.segments.all.reduce((sum, segment) => sum + segment.liveBytes, 0)
    if (log.segments.bytes < 2 * live + 4 * limits.segmentBytesMax) return
    const covered = this.#checkpoints.newest?.position ?? 0
    const candidates = log.segments.all.filter((segment) => {
      const old = segment.base + segment.capacity <= covered && !segment.copied
      return old && segment.liveBytes < segment.capacity * STRAGGLER_SHARE
    })
    candidates.sort((a, b) => a.liveBytes - b.liveBytes)
    if (candidates[0] !== undefined) await this.#copy(candidates[0])
  }

  async #copy(segment: Segment): Promise<void> {
    const { log, os } = this.#engine
    let bytes = 0
    for (const body of this.#bodiesIn(segment)) {
      if (!log.room(body.size)) return
      await this.#copyOne(body)
      bytes += body.size
      if (bytes < COPY_BYTES_PER_TURN) continue
      bytes = 0
      await new Promise<void>((resolve) => os.clock.turn(resolve))
    }
    // What is still there cannot be read: another try would fare no better.
    segment.copied = true
    await log.durable()
  }

  async #copyOne(body: Body): Promise<void> {
    const { log, warn } = this.#engine
    const copy = (entry: EntryView) => copyForward(log, entry, body)
    await withEntry(this.#engine, body.position, body.size, copy).catch((error) => {
      if (log.failure !== undefined) throw error
      warn(`Message ${body.id} is not copied forward: ${String(error)}`)
    })
  }

  #bodiesIn(segment: Segment): Body[] {
    const found = new Map<number, Body>()
    const end = segment.base + segment.capacity
    const note = (body: Body) => {
      if (body.position >= segment.base && body.position < end) found.set(body.position, body)
    }
    const { queues, batches } = this.#engine.state
    for (const queue of queues.values()) {
      queue.waiting.forEach((id, position, size) => {
        note({ position, size, id })
      })
      for (const { id, position, size } of queue.rows.values()) note({ position, size, id })
    }
    for (const { number: batch, messages } of batches.values()) {
      for (const [id, message] of messages.entries()) {
        if (message !== undefined)
          note({ position: message.position, size: message.size, id, batch })
      }
    }
    return [...found.values()]
  }

  #failed(error: unknown): void {
    const { log, os, warn } = this.#engine
    if (!isDiskError(error, 'ENOSPC') && !isDiskError(error, 'EDQUOT')) return log.fail(error)
    warn('A checkpoint found no room on the disk; it is tried again as messages are settled')
    this.#retryAt = os.clock.mono() + NO_SPACE_RETRY_MS
    this.#retry?.cancel()
    // Also when nothing more is written: the last settle may have made it small enough.
    this.#retry = os.clock.timer(NO_SPACE_RETRY_MS, () => {
      if (!this.#engine.closed && log.failure === undefined) this.groupWritten()
    })
  }
}

/** A live message in the log; `batch` when it waits for the end of one, its number there then. */
interface Body {
  position: number
  size: number
  id: number
  batch?: number
}

function copyForward(log: CommitLog, entry: EntryView, { id, batch }: Body): void {
  const view = emptyMessageView()
  loadMessage(entry, view)
  const { time, priority, key, dueAt, expiresAt } = view
  const queues = queuesOf(entry, view.queuesAt)
  const times = { time, dueAt, expiresAt }
  const message = { id, ...times, priority, key, queues, ...partsOf(entry, view) }
  appendMessage(log, batch === undefined ? message : { ...message, batch }, MOVED)
}

/** Copies: the entry may lie in the block that the copy is written to. */
function partsOf(
  { bytes }: EntryView,
  { propertiesAt, bodyAt, end, originAt, originBytes }: MessageView,
): Pick<NewMessage, 'properties' | 'body' | 'origin'> {
  const properties = copied(bytes, propertiesAt, bodyAt)
  const body = copied(bytes, bodyAt, end)
  if (originBytes === 0) return { properties, body }
  return { properties, body, origin: copied(bytes, originAt, originAt + originBytes) }
}
