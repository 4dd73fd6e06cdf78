import type { Os } from '@hufu/os'
import { BrokerError } from '../errors.ts'
import type { Limits } from '../limits.ts'
import { CheckpointFiles, type StoredCheckpoint } from './checkpoint-file.ts'
import { DamageList } from './damage-list.ts'
import { type Bytes, bytesOf, type EntryView } from './entry.ts'
import { closeAll, type LogFiles, openFiles, removeAll } from './files.ts'
import { Incarnations } from './incarnations.ts'
import { ENTRY_CLEAN_STOP, ENTRY_TYPE_FOREIGN_MIN, SEGMENT_HEADER_BYTES } from './layout.ts'
import { noteStop } from './manifest.ts'
import { firstDurableUpTo, type ScanResult, scanSegment } from './scan.ts'
import { type FoundSegment, type Segment, segmentName } from './segment.ts'
import { Segments, segmentAt } from './segments.ts'

/** What the owner of the log rebuilds its state with, in this order. */
export interface Replay {
  /** The segments are open; `segmentAt` names the one that holds a position. */
  opened(segmentAt: (position: number) => Segment): void
  /** The blocks of the checkpoint; not called when there is none. */
  checkpoint(block: Uint8Array): void
  entry(entry: EntryView): void
}

export interface RecoveredLog {
  segments: Segments
  checkpoints: CheckpointFiles
  incarnations: Incarnations
  log: number
  end: number
  /** Broker time of the last group or checkpoint, ms; 0 in a new log. */
  lastTime: number
  incarnation: number
  cleanStop: boolean
  damaged: { segment: string; position: number; bytes: number }[]
  tailBytesCut: number
  /** To be told where the log ends, behind the mark of an orderly stop. */
  noteStop(end: number): Promise<void>
}

/** Enough of a segment to see its first group, as a rule. */
const HEAD_BYTES = 4096

/** What the log itself keeps in a checkpoint's first block. */
interface LogBlock {
  incarnations: readonly { from: number; incarnation: number }[]
}

/** The first block of every checkpoint. */
export function encodeLogBlock(incarnations: Incarnations): Uint8Array {
  return Buffer.from(JSON.stringify({ incarnations: incarnations.starts } satisfies LogBlock))
}

/**
 * Opens a log after whatever happened to it: newest whole checkpoint, then every good entry behind
 * it; then writes the last group again and durably, since the page cache may hold what no disk
 * holds.
 */
export async function openLog(
  os: Os,
  dir: string,
  limits: Limits,
  replay: Replay,
): Promise<RecoveredLog> {
  const recovery = new Recovery(os, dir, limits, replay)
  try {
    return await recovery.run()
  } catch (error) {
    await recovery.letGo()
    throw error
  }
}

class Recovery {
  readonly #os: Os
  readonly #dir: string
  readonly #limits: Limits
  readonly #replay: Replay
  readonly #checkpoints: CheckpointFiles
  #files!: LogFiles
  #incarnations = new Incarnations([])
  readonly #damage = new DamageList()
  #lastType = 0
  #lastTime = 0
  #lastIncarnation = 0
  #scratch = Buffer.alloc(0)
  #tailBytesCut = 0
  #end = SEGMENT_HEADER_BYTES
  #tail: { segment: Segment; from: number } | undefined

  constructor(os: Os, dir: string, limits: Limits, replay: Replay) {
    this.#os = os
    this.#dir = dir
    this.#limits = limits
    this.#replay = replay
    this.#checkpoints = new CheckpointFiles(os.disk, dir)
  }

  get #segments(): FoundSegment[] {
    return this.#files.segments
  }

  async run(): Promise<RecoveredLog> {
    const names = await this.#os.disk.list(this.#dir)
    // A process that was killed may have left names that no disk holds yet.
    await this.#os.disk.syncDir(this.#dir)
    const { segmentBytesMin } = this.#limits
    this.#files = await openFiles(this.#os, this.#dir, names, segmentBytesMin)
    await this.#checkpoints.layOut()
    this.#replay.opened((position) => segmentAt(this.#segments, position))
    const checkpoint = await this.#loadCheckpoint()
    // Only now: a folder that is refused is left as it is.
    await removeAll(this.#os, this.#dir, this.#files.spares)
    await this.#scanFrom(checkpoint?.position ?? 0)
    this.#noteMissing()
    await this.#rewriteTail()
    await this.#dropUnused()
    this.#freeScratch()
    return this.#result()
  }

  /** Closes what is open, after an error. */
  async letGo(): Promise<void> {
    if (this.#files !== undefined) await closeAll(this.#files.segments)
  }

  async #loadCheckpoint(): Promise<StoredCheckpoint | undefined> {
    const checkpoint = await this.#checkpoints.find()
    if (checkpoint === undefined) return undefined
    this.#lastTime = checkpoint.time
    this.#end = checkpoint.position
    let first = true
    for await (const block of this.#checkpoints.read(checkpoint)) {
      if (first) this.#incarnations = decodeLogBlock(block)
      else this.#replay.checkpoint(block)
      first = false
    }
    return checkpoint
  }

  async #scanFrom(position: number): Promise<void> {
    const start = this.#firstSegment(position)
    let incarnation = this.#incarnations.at(position)
    for (let i = 0; i < start; i++) this.#damage.addShort(this.#segments[i]!)
    for (let i = start + 1; i < this.#segments.length; i++) this.#checkContiguous(i)
    for (let i = start; i < this.#segments.length; i++) {
      const segment = this.#segments[i]!
      const from = Math.max(position, segment.base + SEGMENT_HEADER_BYTES)
      incarnation = await this.#scanOne(i, from, incarnation)
    }
  }

  /**
   * Index of the segment that holds `position`; a checkpoint at the very end of one counts as in
   * it.
   */
  #firstSegment(position: number): number {
    const index = this.#segments.findLastIndex((segment) => segment.base < Math.max(1, position))
    const segment = this.#segments[index]
    if (segment !== undefined && position <= segment.base + segment.capacity) return index
    const text = `no segment holds position ${position}, from which the log is to be read`
    throw new BrokerError('LOG_DAMAGED', `Cannot open ${this.#dir}: ${text}`)
  }

  #checkContiguous(i: number): void {
    const before = this.#segments[i - 1]!
    const expected = before.base + before.capacity
    if (this.#segments[i]!.base === expected) return
    const text = `segment ${segmentName(expected)} is missing`
    throw new BrokerError('LOG_DAMAGED', `Cannot open ${this.#dir}: ${text}`)
  }

  async #scanOne(i: number, from: number, incarnation: number): Promise<number> {
    const segment = this.#segments[i]!
    const said = await this.#knownEnd(i)
    const content = await this.#readStart(segment, segment.capacity)
    const knownEnd = said >= 0 ? said : this.#notedEnd(segment, content)
    const { base } = segment
    const incarnationMax = this.#files.manifest.incarnation - 1
    const input = {
      content,
      base,
      from,
      log: this.#files.log,
      incarnation,
      incarnationMax,
      knownEnd,
    }
    const result = scanSegment(input, (entry) => this.#visit(entry))
    this.#note(segment, from, result)
    this.#damage.addShort(segment)
    return result.incarnation
  }

  /**
   * Where the log ends in this segment as the last stop has noted it; -1 when that is not in it, or
   * when groups stand behind: then the note is of an earlier stop, the newer copy being damaged.
   */
  #notedEnd({ base, capacity }: Segment, { bytes }: Bytes): number {
    const end = this.#files.stoppedAt
    if (end <= base || end > base + capacity) return -1
    const start = end - SEGMENT_HEADER_BYTES
    const behind = bytesOf(bytes.subarray(start - base))
    return firstDurableUpTo(behind, start, this.#files.log) < 0 ? end : -1
  }

  /** Where the log in segment `i` ends, when a later segment has a group that says so. */
  async #knownEnd(i: number): Promise<number> {
    const next = this.#segments[i + 1]
    if (next === undefined) return -1
    const head = await this.#readStart(next, Math.min(next.capacity, HEAD_BYTES))
    let end = firstDurableUpTo(head, next.base, this.#files.log)
    if (end < 0) {
      const all = await this.#readStart(next, next.capacity)
      end = firstDurableUpTo(all, next.base, this.#files.log)
    }
    // The header of the next segment's first group is damaged: a later one does not know.
    return end > next.base ? -1 : end
  }

  /** The first bytes of a segment; good until the next call, which uses the same memory. */
  async #readStart(segment: Segment, bytes: number): Promise<Bytes> {
    if (this.#scratch.length < bytes) this.#scratch = Buffer.allocUnsafeSlow(bytes)
    const content = bytesOf(this.#scratch.subarray(0, bytes))
    await segment.file.read(content.bytes, 0)
    return content
  }

  /** As large as a segment: given back at once, not when garbage is collected the next time. */
  #freeScratch(): void {
    if (this.#scratch.length > 0) this.#scratch.buffer.transfer(0)
    this.#scratch = Buffer.alloc(0)
  }

  #note(segment: Segment, from: number, result: ScanResult): void {
    for (const damage of result.damaged) this.#damage.add(segment, damage)
    for (const group of result.incarnationStarts) {
      this.#incarnations.begin(group.from, group.incarnation)
    }
    if (result.lastGroup < 0 && result.end === from) {
      this.#tailBytesCut += result.tailBytesCut
      return
    }
    this.#end = result.end
    this.#tailBytesCut = result.tailBytesCut
    if (result.lastGroup < 0) return
    this.#tail = { segment, from: result.lastGroup }
    this.#lastIncarnation = result.incarnation
    this.#lastTime = Math.max(this.#lastTime, result.lastTime)
  }

  /** The segment in which the log stopped in order is not there any more. */
  #noteMissing(): void {
    const bytes = this.#files.stoppedAt - this.#end
    const segment = this.#segments.findLast(({ base }) => base < this.#end)
    if (bytes <= 0 || segment === undefined) return
    this.#damage.add(segment, { position: this.#end, bytes })
  }

  #visit(entry: EntryView): void {
    this.#lastType = entry.type
    if (entry.type >= ENTRY_TYPE_FOREIGN_MIN) this.#replay.entry(entry)
  }

  async #rewriteTail(): Promise<void> {
    if (this.#tail === undefined) return
    const { segment, from } = this.#tail
    const bytes = new Uint8Array(this.#end - from)
    await segment.file.read(bytes, from - segment.base)
    await segment.file.write(bytes, from - segment.base)
  }

  /**
   * Segments behind the one after the end: prepared while the first group of that one was written,
   * which a crash tore. They hold nothing, and their names would be given once more.
   */
  async #dropUnused(): Promise<void> {
    const current = this.#segments.findLastIndex((segment) => segment.base < this.#end)
    for (const { file, path } of this.#segments.splice(current + 2)) {
      await file.close()
      await this.#os.disk.remove(path)
    }
  }

  #isCleanStop(): boolean {
    if (this.#files.stoppedAt >= this.#end) return true
    // Of the life just before: one that was killed before it wrote anything leaves no other mark.
    const before = this.#files.manifest.incarnation - 1
    // Nor is it clean when a group header stands behind the mark and its entries are torn.
    if (this.#tailBytesCut > 0) return false
    return this.#lastType === ENTRY_CLEAN_STOP && this.#lastIncarnation === before
  }

  async #result(): Promise<RecoveredLog> {
    const { disk } = this.#os
    this.#damage.addHeaders(this.#segments)
    const index = this.#segments.findLastIndex((segment) => segment.base < this.#end)
    const current = this.#segments[index]!
    const { segmentBytesMin, segmentBytesMax, logBytesMax } = this.#limits
    const sizes = { segmentBytesMin, segmentBytesMax, logBytesMax }
    const { logId, incarnation } = this.#files.manifest
    const options = { disk, dir: this.#dir, logId, ...sizes }
    const segments = new Segments(options, this.#segments, current)
    segments.next = this.#segments[index + 1]
    this.#incarnations.begin(this.#end, incarnation)
    return {
      segments,
      checkpoints: this.#checkpoints,
      incarnations: this.#incarnations,
      log: this.#files.log,
      end: this.#end,
      lastTime: this.#lastTime,
      incarnation,
      cleanStop: this.#isCleanStop(),
      damaged: this.#damage.all,
      tailBytesCut: this.#tailBytesCut,
      noteStop: (end) => noteStop(disk, this.#dir, end),
    }
  }
}

function decodeLogBlock(block: Uint8Array): Incarnations {
  const parsed = JSON.parse(Buffer.from(block).toString()) as LogBlock
  return new Incarnations(parsed.incarnations)
}
