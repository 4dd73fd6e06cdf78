import type { Os } from '@hufu/os'
import { BrokerError } from '../errors.ts'
import type { Block } from './blocks.ts'
import { Blocks } from './blocks.ts'
import {
  type EntryView,
  emptyEntryView,
  loadEntry,
  sealEntries,
  sealHeader,
  writeEntryHeader,
} from './entry.ts'
import type { Incarnations } from './incarnations.ts'
import {
  aligned,
  ENTRY_CLEAN_STOP,
  ENTRY_HEADER_BYTES,
  ENTRY_TYPE_FOREIGN_MIN,
  GROUP_HEADER_BYTES,
  SEGMENT_HEADER_BYTES,
} from './layout.ts'
import { MEMORY_BASE, MemoryArea } from './memory-area.ts'
import type { Segment } from './segment.ts'
import type { Segments } from './segments.ts'

/** Entries that go to disk in one write. */
interface Group {
  block: Block
  start: number
  end: number
  count: number
  /** Broker time of its write, ms. */
  time: number
  waiters: Waiter[]
  /** Where in the log it goes, unless the segment ends before it. */
  position: number
  /** Entries before this offset have their checksums, for that position. */
  sealedTo: number
  /** See `weigh`. */
  work: number
}

/** Counts the messages in a stretch of positions that some queue still holds, and their bytes. */
export type Holder = Pick<Segment, 'base' | 'capacity' | 'liveCount' | 'liveBytes'>

/** Told once a group is on disk, or with the error that the log failed with. */
export type Waiter = (error?: BrokerError) => void

/**
 * Largest write group, and block of memory, bytes; larger ones sync no faster (measured up to 1
 * MiB).
 */
const GROUP_BYTES_MAX = 4 << 20
/** A group is applied in one turn: once it means so much work, the next one is begun. */
const GROUP_WORK_MAX = 16_384
/** How often a log without room looks again whether there is some, ms. */
const SPACE_RETRY_MS = 1_000
/** Share of the last segment that is kept for settles when no next one can be had. */
const RESERVE_SHARE = 0.75

/** An open group of this size is written at once when the disk is free, bytes. */
const EARLY_BYTES = 256 << 10
/** In small segments a group of this part of the largest possible one. */
const EARLY_PARTS = 4

export interface CommitLogParts {
  os: Os
  segments: Segments
  incarnations: Incarnations
  cacheBytes: number
  /** Number drawn from the log's id, for the checksums. */
  log: number
  /** Where the next group goes. */
  end: number
  /** Broker time, ms. */
  time: () => number
  /** A write or sync failed; nothing is written after that. */
  onFail: (error: BrokerError) => void
}

/**
 * The log: entries are appended to an open group in memory; one group at a time is written,
 * durably, and all that was appended meanwhile is the next one. Knows nothing of what the entries
 * mean.
 */
export class CommitLog {
  readonly blocks: Blocks
  /** What is only kept in memory. */
  readonly memory = new MemoryArea()
  readonly segments: Segments
  readonly incarnations: Incarnations
  /**
   * Called with each entry of a group, in order, when the group is on disk and before its waiters.
   */
  onEntry: (entry: EntryView) => void = () => undefined
  /** Called after the waiters of a group. */
  onGroup: () => void = () => undefined
  /** Called after entries of `memory`. */
  onKept: () => void = () => undefined
  /** From now on what finds no room is refused with `LOG_FULL`, instead of waiting for some. */
  closing = false
  /** Bytes appended and not yet on disk. */
  pendingBytes = 0
  groupsWritten = 0
  readonly #parts: CommitLogParts
  readonly #groups: Group[] = []
  readonly #entry = emptyEntryView()
  readonly #kept = emptyEntryView()
  #keptNew = false
  #block: Block
  #open: Group | undefined
  #end: number
  #scheduled = false
  /** The one group whose write is under way. */
  #writing: Group | undefined
  /** The group that is on disk, and whose entries are being applied. */
  #applying: Group | undefined
  #failure: BrokerError | undefined

  constructor(parts: CommitLogParts) {
    this.#parts = parts
    this.segments = parts.segments
    this.incarnations = parts.incarnations
    this.blocks = new Blocks(parts.cacheBytes, GROUP_BYTES_MAX)
    this.#block = this.blocks.take(0)
    this.#end = parts.end
  }

  /** Position behind the last durable group. */
  get end(): number {
    return this.#end
  }

  get failure(): BrokerError | undefined {
    return this.#failure
  }

  /** The block that the last `append` wrote to. */
  get block(): Block {
    return this.#block
  }

  /**
   * Adds an entry to the open group; its payload is to be written to `block` from the returned
   * offset.
   */
  append(type: number, flags: number, aux: number, payloadBytes: number): number {
    if (this.#failure !== undefined) throw this.#failure
    this.#writeEarly()
    const bytes = aligned(ENTRY_HEADER_BYTES + payloadBytes)
    const group = this.#groupFor(bytes)
    // Of the entries before it: the disk is mostly busy with another group, so there is time now.
    this.#seal(group)
    const at = group.end
    const view = group.block.view
    view.setUint32(at + bytes - 8, 0)
    view.setUint32(at + bytes - 4, 0)
    writeEntryHeader(view, at, type, flags, aux, payloadBytes)
    group.end += bytes
    group.block.end = group.end
    group.count++
    this.pendingBytes += bytes
    this.#start()
    return at + ENTRY_HEADER_BYTES
  }

  /** The last entry that was appended means so much work when it is applied. */
  weigh(work: number): void {
    const open = this.#open
    if (open === undefined) return
    open.work += work
    if (open.work >= GROUP_WORK_MAX) this.#open = undefined
  }

  /** Applies the entry that was just added to `memory`; it is never written. */
  applyKept(): void {
    const { memory } = this
    const entry = this.#kept
    entry.time = this.#parts.time()
    memory.load(memory.position, entry)
    this.onEntry(entry)
    this.#keptNew = true
  }

  /** Says that such entries were applied, once for all since the last time. */
  showKept(): void {
    if (!this.#keptNew) return
    this.#keptNew = false
    this.onKept()
  }

  /** Where it is counted what lives at a position, of a segment or of `memory`. */
  holderOf(position: number): Holder {
    return position >= MEMORY_BASE ? this.memory.at(position) : this.segments.at(position)
  }

  /** Calls back when everything appended so far is on disk. */
  onDurable(waiter: Waiter): void {
    const last = this.#groups.at(-1)
    if (this.#failure !== undefined) waiter(this.#failure)
    else if (last !== undefined) last.waiters.push(waiter)
    else if (this.#writing !== undefined) this.#writing.waiters.push(waiter)
    else if (this.#applying !== undefined) this.#applying.waiters.push(waiter)
    else waiter()
  }

  /** Resolves when everything appended so far is on disk. */
  durable(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.onDurable((error) => (error ? reject(error) : resolve()))
    })
  }

  /**
   * Whether `bytes` more can be taken with a reserve for what must never be refused: most of a
   * segment that has no next one, half of the next. A group is never split over two segments.
   */
  room(bytes: number): boolean {
    const { current, next } = this.segments
    const wanted = this.pendingBytes + bytes + GROUP_HEADER_BYTES * 2
    const here = current.base + current.capacity - this.#end
    if (next === undefined) return wanted <= here - current.capacity * RESERVE_SHARE
    return wanted <= here || wanted <= next.capacity >> 1
  }

  /** Writes the mark of an orderly stop behind everything else, in a group of its own. */
  async stop(): Promise<void> {
    await this.durable()
    this.append(ENTRY_CLEAN_STOP, 0, 0, 0)
    await this.durable()
  }

  fail(cause: unknown): void {
    if (this.#failure !== undefined) return
    const full = cause instanceof BrokerError && cause.code === 'LOG_FULL'
    const text = `Cannot write the log: ${cause instanceof Error ? cause.message : String(cause)}`
    this.#failure = full ? cause : new BrokerError('LOG_FAILED', text, cause)
    const groups = [this.#applying, this.#writing, ...this.#groups]
    this.#groups.length = 0
    this.#open = undefined
    for (const group of groups) for (const waiter of group?.waiters ?? []) waiter(this.#failure)
    // Who waits for room must hear of it too.
    this.segments.onChange()
    if (!full) this.#parts.onFail(this.#failure)
  }

  #groupFor(bytes: number): Group {
    const limit = Math.min(GROUP_BYTES_MAX, this.segments.groupBytesMax)
    const open = this.#open
    if (open !== undefined) {
      const fits = open.end - open.start + bytes <= limit
      if (fits && open.end + bytes <= open.block.bytes.length) return open
    }
    return this.#newGroup(bytes)
  }

  #newGroup(bytes: number): Group {
    const needed = GROUP_HEADER_BYTES + bytes
    if (this.#block.end + needed > this.#block.bytes.length) this.#block = this.blocks.take(needed)
    const block = this.#block
    const start = block.end
    const end = start + GROUP_HEADER_BYTES
    block.end = end
    block.pending++
    const position = this.#end + this.pendingBytes
    const empty = { count: 0, time: 0, waiters: [], work: 0 }
    const group = { block, start, end, position, sealedTo: end, ...empty }
    this.#open = group
    this.#groups.push(group)
    this.pendingBytes += GROUP_HEADER_BYTES
    return group
  }

  /** Gives the group's entries their checksums, as far as they have none. */
  #seal(group: Group): void {
    const { block, start, end, sealedTo, position } = group
    const { log } = this.#parts
    const at = position + (sealedTo - start)
    sealEntries(block, sealedTo, end, at, this.incarnations.current, log)
    group.sealedTo = end
  }

  #start(): void {
    if (this.#scheduled || this.#writing !== undefined) return
    this.#scheduled = true
    // Not at once: all that this turn still appends shall share the write.
    this.#parts.os.clock.turn(() => {
      this.#scheduled = false
      this.#next()
    })
  }

  /**
   * A large group goes to the disk at once, while the next one is being built or the one before is
   * applied (about twice the MB/s); a small one waits for all that this turn still appends.
   */
  #writeEarly(): void {
    const oldest = this.#groups[0]
    if (oldest === undefined || this.#writing !== undefined) return
    const early = Math.min(EARLY_BYTES, this.segments.groupBytesMax / EARLY_PARTS)
    if (oldest.end - oldest.start >= early) this.#next()
  }

  /** Writes the oldest group, unless one is being written. */
  #next(): void {
    if (this.#writing !== undefined || this.#failure !== undefined) return
    const group = this.#groups.shift()
    if (group === undefined) return
    if (group === this.#open) this.#open = undefined
    this.#writing = group
    this.#write(group).then(
      () => this.#written(group),
      (error) => this.fail(error),
    )
  }

  #written(group: Group): void {
    if (this.#failure !== undefined) return
    try {
      this.#place(group)
      this.#writeEarly()
      this.#apply(group)
    } catch (error) {
      return this.fail(error)
    }
    if (this.#groups.length > 0) this.#start()
  }

  async #write(group: Group): Promise<void> {
    const length = group.end - group.start
    const { current } = this.segments
    const durableUpTo = this.#end
    const fits = durableUpTo + length <= current.base + current.capacity
    const segment = fits ? current : await this.#nextSegment(length)
    if (group.position !== this.#end) {
      group.position = this.#end
      group.sealedTo = group.start + GROUP_HEADER_BYTES
    }
    this.#seal(group)
    group.time = this.#parts.time()
    const { current: incarnation } = this.incarnations
    const header = { length, count: group.count, incarnation, durableUpTo, time: group.time }
    const { block, start, end, position } = group
    sealHeader(block, start, position, header, this.#parts.log)
    const bytes = block.bytes.subarray(start, end)
    await segment.file.write(bytes, position - segment.base)
  }

  async #nextSegment(length: number): Promise<Segment> {
    const wanted = length + SEGMENT_HEADER_BYTES
    while (!(await this.segments.roll(wanted))) {
      if (this.closing) throw new BrokerError('LOG_FULL', 'Cannot end the log: it has no room')
      await this.#untilNext()
    }
    this.#end = this.segments.current.base + SEGMENT_HEADER_BYTES
    return this.segments.current
  }

  /** The group is on disk; the next one may be written. */
  #place({ block, start, end, position }: Group): void {
    this.#writing = undefined
    this.#end = position + (end - start)
    this.pendingBytes -= end - start
    this.groupsWritten++
    block.pending--
    this.blocks.placed(block, start, position, end - start)
  }

  #apply(group: Group): void {
    this.#applying = group
    this.#visit(group)
    this.#applying = undefined
    if (this.#failure !== undefined) return
    for (const waiter of group.waiters) waiter()
    this.onGroup()
  }

  #visit({ block, start, end, time, position }: Group): void {
    const { bytes, view } = block
    const entry = this.#entry
    entry.time = time
    for (let at = start + GROUP_HEADER_BYTES; at < end; at += aligned(entry.length)) {
      loadEntry(entry, bytes, view, at, position + (at - start))
      if (entry.type >= ENTRY_TYPE_FOREIGN_MIN) this.onEntry(entry)
    }
  }

  /** Until there is a next segment, or it is time to try again. */
  #untilNext(): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#parts.os.clock.timer(SPACE_RETRY_MS, resolve)
      this.segments.onNext = () => {
        timer.cancel()
        resolve()
      }
    })
  }
}
