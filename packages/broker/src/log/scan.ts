import {
  type Bytes,
  type EntryView,
  emptyEntryView,
  type GroupHeader,
  readEntry,
  readGroupHeader,
} from './entry.ts'
import {
  ALIGN,
  aligned,
  ENTRY_MAGIC,
  GROUP_HEADER_BYTES,
  GROUP_MAGIC,
  SEGMENT_HEADER_BYTES,
} from './layout.ts'

/**
 * A stretch of a segment whose checksums fail although later groups prove that it was once durable.
 */
export interface Damage {
  position: number
  bytes: number
}

/**
 * Where the log before this segment ended, as its first good group says; -1 when it has no group.
 */
export function firstDurableUpTo(content: Bytes, base: number, log: number): number {
  let at = nextMark(content, SEGMENT_HEADER_BYTES, GROUP_MAGIC)
  for (; at >= 0; at = nextMark(content, at + ALIGN, GROUP_MAGIC)) {
    const header = readGroupHeader(content, at, base + at, log)
    if (header !== undefined) return header.durableUpTo
  }
  return -1
}

/** Offset of a group's or entry's mark in its header. */
const MARK_OFFSET = 4

/** The next place from `from` on where a header with this mark may begin; -1 when there is none. */
function nextMark({ bytes }: Bytes, from: number, magic: number): number {
  // The search in native code passes the zeros of an empty segment at memory speed.
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const mark = Buffer.of(magic & 0xff, magic >> 8)
  let found = buffer.indexOf(mark, from + MARK_OFFSET)
  while (found >= 0 && (found - MARK_OFFSET) % ALIGN !== 0) found = buffer.indexOf(mark, found + 1)
  return found < 0 ? -1 : found - MARK_OFFSET
}

/** What the walk through one segment found. */
export interface ScanResult {
  /** Position after the last good entry. */
  end: number
  damaged: Damage[]
  /** Start of the last group with a good header; -1 when there is none. */
  lastGroup: number
  /** Time of the last group, ms; 0 when there is none. */
  lastTime: number
  /** Highest incarnation seen. */
  incarnation: number
  /** Where each incarnation that was seen begins. */
  incarnationStarts: { from: number; incarnation: number }[]
  /**
   * Bytes beyond `end` that were cut off: what the last group's header announces, or whole entries
   * of a group without a good header. 0 where neither is left to see, or the end is known.
   */
  tailBytesCut: number
}

export interface ScanInput {
  content: Bytes
  base: number
  /** Where to start: the first group of the segment, or a group that a checkpoint ended before. */
  from: number
  log: number
  /** Groups of an earlier incarnation are leftovers. */
  incarnation: number
  /** Of the life before this one; the highest that can have written anything. */
  incarnationMax: number
  /** Where a later segment says that this one ends; -1 where nobody knows. */
  knownEnd: number
}

/**
 * Walks a segment, calling `visit` for every good entry in order. Only one write is ever under way,
 * so a good group header proves that all before it was durable: what is bad before it is damage,
 * and what is bad with no good header behind it is the torn end.
 */
export function scanSegment(input: ScanInput, visit: (entry: EntryView) => void): ScanResult {
  const walk = new SegmentWalk(input, visit)
  walk.run()
  return walk.result
}

class SegmentWalk {
  readonly result: ScanResult
  readonly #in: ScanInput
  readonly #visit: (entry: EntryView) => void
  readonly #entry = emptyEntryView()
  #at: number
  #groupEnd = 0
  /**
   * Incarnation of the good group behind a damaged stretch; the first group of a life may be the
   * bad one.
   */
  #laterIncarnation = -1

  constructor(input: ScanInput, visit: (entry: EntryView) => void) {
    this.#in = input
    this.#visit = visit
    this.#at = input.from - input.base
    this.result = {
      end: input.from,
      damaged: [],
      lastGroup: -1,
      lastTime: 0,
      incarnation: input.incarnation,
      incarnationStarts: [],
      tailBytesCut: 0,
    }
  }

  run(): void {
    while (this.#step()) this.result.end = this.#in.base + this.#at
    if (this.#reachedKnownEnd()) return
    this.result.tailBytesCut = Math.max(0, this.#groupEnd - this.#at, this.#tracesEnd() - this.#at)
  }

  /** Where the last whole entry behind the end ends; its group's header is torn or damaged. */
  #tracesEnd(): number {
    const { content, base, log, incarnationMax } = this.#in
    let end = -1
    let at = nextMark(content, this.#at, ENTRY_MAGIC)
    for (; at >= 0; at = nextMark(content, at + ALIGN, ENTRY_MAGIC)) {
      const found = [this.result.incarnation, incarnationMax].some((incarnation) => {
        return readEntry(content, at, base + at, incarnation, log, this.#entry)
      })
      if (found) end = at + aligned(this.#entry.length)
    }
    return end
  }

  #step(): boolean {
    if (this.#reachedKnownEnd()) return false
    if (this.#atEntry() || this.#atGroup()) return true
    return this.#passDamage()
  }

  #reachedKnownEnd(): boolean {
    const { knownEnd, base } = this.#in
    return knownEnd >= 0 && base + this.#at >= knownEnd
  }

  #atEntry(): boolean {
    const { content, base, log } = this.#in
    // An entry comes behind a good group header, or behind damage that a later one proves.
    if (this.result.lastGroup < 0 && this.result.damaged.length === 0) return false
    const position = base + this.#at
    const { incarnation } = this.result
    if (!readEntry(content, this.#at, position, incarnation, log, this.#entry)) return false
    this.#entry.time = this.result.lastTime
    this.#at += aligned(this.#entry.length)
    this.#visit(this.#entry)
    return true
  }

  #loadEntry(at: number): boolean {
    const { content, base, log } = this.#in
    const { incarnation } = this.result
    if (readEntry(content, at, base + at, incarnation, log, this.#entry)) return true
    if (content.view.getUint16(at + 4, true) !== ENTRY_MAGIC) return false
    for (let later = this.#laterIncarnation; later > incarnation; later--) {
      if (!readEntry(content, at, base + at, later, log, this.#entry)) continue
      this.#begin(later)
      return true
    }
    return false
  }

  #atGroup(): boolean {
    const header = this.#groupAt(this.#at)
    if (header === undefined) return false
    const position = this.#in.base + this.#at
    this.result.lastGroup = position
    this.result.lastTime = header.time
    this.#begin(header.incarnation)
    this.#groupEnd = this.#at + header.length
    this.#at += GROUP_HEADER_BYTES
    return true
  }

  #begin(incarnation: number): void {
    const { incarnationStarts } = this.result
    if (incarnation === this.result.incarnation && incarnationStarts.length > 0) return
    this.result.incarnation = incarnation
    incarnationStarts.push({ from: this.#in.base + this.#at, incarnation })
  }

  #groupAt(at: number): GroupHeader | undefined {
    const { content, base, log } = this.#in
    const header = readGroupHeader(content, at, base + at, log)
    return header !== undefined && header.incarnation >= this.result.incarnation
      ? header
      : undefined
  }

  /** Looks for the next good entry before `proof`, a place up to which all was durable once. */
  #passDamage(): boolean {
    const proof = this.#durableProof()
    if (proof <= this.#at) return false
    const from = this.#at
    do this.#at += ALIGN
    while (this.#at < proof && !this.#goodAt(this.#at))
    this.#at = Math.min(this.#at, proof)
    this.result.damaged.push({ position: this.#in.base + from, bytes: this.#at - from })
    return true
  }

  #goodAt(at: number): boolean {
    return this.#groupAt(at) !== undefined || this.#loadEntry(at)
  }

  #durableProof(): number {
    const { content, base, knownEnd } = this.#in
    let at = nextMark(content, this.#at + ALIGN, GROUP_MAGIC)
    for (; at >= 0; at = nextMark(content, at + ALIGN, GROUP_MAGIC)) {
      const header = this.#groupAt(at)
      if (header === undefined) continue
      this.#laterIncarnation = header.incarnation
      return at
    }
    this.#laterIncarnation = this.#in.incarnationMax
    return knownEnd >= 0 ? knownEnd - base : -1
  }
}
