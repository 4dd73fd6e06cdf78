import { isDiskError } from '@hufu/os'
import type { CheckpointFiles } from '../log/checkpoint-file.ts'
import { encodeLogBlock } from '../log/recover.ts'
import type { Segment } from '../log/segment.ts'
import { encodeState } from './checkpoint.ts'
import { type Engine, withEntry } from './engine.ts'
import { appendMoved } from './records.ts'
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
/** Copied in one turn, bytes. */
const COPY_BYTES_PER_TURN = 1 << 20

/** Counts what lives in each segment. */
export function liveCounter(segmentAt: (position: number) => Segment): LiveCounter {
  return {
    add(position, size, by) {
      const segment = segmentAt(position)
      segment.liveCount += by
      segment.liveBytes += by * size
    },
  }
}

/** Writes checkpoints, frees segments that hold nothing any more, copies stragglers forward. */
export class Retainer {
  readonly #engine: Engine
  readonly #checkpoints: CheckpointFiles
  #running: Promise<void> | undefined
  #held = 0
  #retryAt = 0

  constructor(engine: Engine, checkpoints: CheckpointFiles) {
    this.#engine = engine
    this.#checkpoints = checkpoints
    engine.state.live = liveCounter((position) => engine.log.segments.at(position))
  }

  /** Called after each write group. */
  groupWritten(): void {
    if (this.#running === undefined && this.#held === 0 && this.#isDue()) this.run()
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
    return () => void this.#held--
  }

  async idle(): Promise<void> {
    await this.#running
  }

  #isDue(): boolean {
    const { log, limits, os } = this.#engine
    const newest = this.#checkpoints.newest
    const grown = log.end - (newest?.position ?? 0)
    if (log.segments.noSpace && grown > 0) return os.clock.mono() >= this.#retryAt
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
    await this.#checkpoint()
      .then(() => this.#free())
      .catch((error) => this.#failed(error))
  }

  async #work(): Promise<void> {
    this.#retryAt = this.#engine.os.clock.mono() + NO_SPACE_RETRY_MS
    await this.#checkpoint()
    await this.#free()
    await this.#copyStragglers()
  }

  async #checkpoint(): Promise<void> {
    const { log, time } = this.#engine
    await this.#checkpoints.write(log.end, Math.ceil(time()), this.#blocks())
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
    segment.copied = true
    let bytes = 0
    for (const { position, size } of this.#rowsIn(segment)) {
      if (!log.room(size)) return
      await withEntry(this.#engine, position, size, (entry) => appendMoved(log, entry))
      bytes += size
      if (bytes < COPY_BYTES_PER_TURN) continue
      bytes = 0
      await new Promise<void>((resolve) => os.clock.turn(resolve))
    }
    await log.durable()
  }

  #rowsIn(segment: Segment): { position: number; size: number }[] {
    const found = new Map<number, number>()
    const end = segment.base + segment.capacity
    const note = (position: number, size: number) => {
      if (position >= segment.base && position < end) found.set(position, size)
    }
    for (const queue of this.#engine.state.queues.values()) {
      queue.waiting.forEach((_id, position, size) => {
        note(position, size)
      })
      for (const row of queue.rows.values()) note(row.position, row.size)
    }
    return [...found].map(([position, size]) => ({ position, size }))
  }

  #failed(error: unknown): void {
    const { log, warn } = this.#engine
    if (!isDiskError(error, 'ENOSPC') && !isDiskError(error, 'EDQUOT')) return log.fail(error)
    warn('A checkpoint found no room on the disk; it is tried again as messages are settled')
  }
}
