import { type Disk, isDiskError } from '@hufu/os'
import {
  createZeroed,
  openSegment,
  SEGMENT_SUFFIX,
  type Segment,
  SPARE_PREFIX,
  segmentHeader,
  segmentName,
} from './segment.ts'

export interface SegmentsOptions {
  disk: Disk
  dir: string
  logId: Uint8Array
  segmentBytesMin: number
  segmentBytesMax: number
  logBytesMax: number
}

interface Spare {
  path: string
  capacity: number
}

/** Spare files kept for the next segments (a checkpoint frees several); more are deleted. */
const SPARES_MAX = 4

/**
 * The files of the log, oldest first. One is written to; the next one is laid out beforehand, so
 * that a full disk never stops a settle: when none can be had, `noSpace` says so and publishes are
 * refused.
 */
export class Segments {
  readonly all: Segment[]
  current: Segment
  next: Segment | undefined
  /** The disk, or `logBytesMax`, has no room for another segment. */
  noSpace = false
  /** Called when a next segment is ready or could not be had. */
  onChange: () => void = () => undefined
  /** Called when a next segment is ready. */
  onNext: () => void = () => undefined
  /** Frees what can be freed; asked before it is said that there is no space. */
  makeSpace: () => Promise<void> = async () => undefined
  /** Bytes of disk that a new segment must leave free, for a checkpoint to come. */
  reserveBytes: () => number = () => 0
  /** Called when a file operation failed for another reason than space. */
  onError: (error: unknown) => void = () => undefined
  readonly #options: SegmentsOptions
  readonly #spares: Spare[] = []
  #spareNames = 0
  #preparing: Promise<void> | undefined
  /** A spare is being laid out ahead of need, and its bytes. */
  #laying: Promise<void> | undefined
  #layingBytes = 0
  #closed = false

  constructor(options: SegmentsOptions, all: Segment[], current: Segment) {
    this.#options = options
    this.all = all
    this.current = current
  }

  get bytes(): number {
    return sum(this.all) + sum(this.#spares) + this.#layingBytes
  }

  /** Groups larger than this are not made: each must fit into the next segment, with a reserve. */
  get groupBytesMax(): number {
    const next = this.next?.capacity ?? this.#options.segmentBytesMin
    return Math.min(this.current.capacity, next) >> 1
  }

  /** The segment that holds `position`. */
  at(position: number): Segment {
    return segmentAt(this.all, position)
  }

  /**
   * Moves on to the next segment, waiting for one of at least `capacity`; false when none can be
   * had.
   */
  async roll(capacity: number): Promise<boolean> {
    await this.prepare(capacity)
    if (this.next === undefined || this.next.capacity < capacity) return false
    this.current = this.next
    this.next = undefined
    this.prepareSoon()
    return true
  }

  /**
   * Sees to it that a next segment of at least `capacity` is there; sets `noSpace` when it cannot
   * be.
   */
  async prepare(capacity: number): Promise<void> {
    // In a loop: several may have waited for the one that has just ended.
    while (this.#preparing !== undefined) await this.#preparing
    if (this.#closed || (this.next !== undefined && this.next.capacity >= capacity)) return
    this.#preparing = this.#prepare(capacity)
    try {
      await this.#preparing
    } finally {
      this.#preparing = undefined
      if (this.next !== undefined) this.onNext()
      this.onChange()
      this.#layAhead()
    }
  }

  /** A next segment is being laid out. */
  get busy(): boolean {
    return this.#preparing !== undefined
  }

  /** As `prepare`, without waiting. */
  prepareSoon(capacity = 0): void {
    this.prepare(capacity).catch((error) => this.onError(error))
  }

  async #prepare(capacity: number): Promise<void> {
    try {
      let spare = await this.#takeSpare(capacity)
      if (spare === undefined) {
        await this.makeSpace()
        spare = await this.#takeSpare(capacity)
      }
      this.noSpace = spare === undefined
      if (spare === undefined) return
      // Only now: where none can be had, the smaller one is still the reserve for settles.
      if (this.next !== undefined) await this.#discardNext(this.next)
      this.next = await this.#activate(spare)
    } catch (error) {
      if (!isDiskError(error, 'ENOSPC') && !isDiskError(error, 'EDQUOT')) throw error
      this.noSpace = true
    }
  }

  /**
   * A spare for the segment after the next: a log that grows fast has filled what it may of a
   * segment, without a next one, before that is laid out. Not for logs that are small.
   */
  #layAhead(): void {
    const wanted = this.#options.segmentBytesMax
    const small = this.current.capacity < wanted || this.next === undefined
    if (small || this.#closed || this.#laying !== undefined) return
    if (this.#spares.some(({ capacity }) => capacity >= wanted)) return
    this.#laying = this.#layOut(wanted, 0)
      .then((spare) => {
        if (spare !== undefined) this.#spares.push(spare)
      })
      .catch((error) => this.onError(error))
      .finally(() => {
        this.#laying = undefined
      })
  }

  /** A new file, `replaced` bytes being given back for it; undefined where it has no room. */
  async #layOut(capacity: number, replaced: number): Promise<Spare | undefined> {
    const { disk, logBytesMax } = this.#options
    if (this.bytes - replaced + capacity > logBytesMax) return undefined
    this.#layingBytes = capacity
    try {
      if (!(await this.#leavesReserve(capacity))) return undefined
      const path = this.#sparePath()
      await createZeroed(disk, path, capacity)
      return { path, capacity }
    } catch (error) {
      if (isDiskError(error, 'ENOSPC') || isDiskError(error, 'EDQUOT')) return undefined
      throw error
    } finally {
      this.#layingBytes = 0
    }
  }

  #sparePath(): string {
    return `${this.#options.dir}/${SPARE_PREFIX}${++this.#spareNames}${SEGMENT_SUFFIX}`
  }

  async #takeSpare(capacity: number): Promise<Spare | undefined> {
    const { segmentBytesMax, segmentBytesMin } = this.#options
    await this.#laying
    const grown = Math.max(segmentBytesMin, Math.min(segmentBytesMax, this.current.capacity * 2))
    const wanted = Math.max(capacity, grown)
    const fits = this.#spares.findIndex((spare) => spare.capacity >= wanted)
    if (fits >= 0) return this.#spares.splice(fits, 1)[0]
    const replaced = this.next?.capacity ?? 0
    const made = await this.#layOut(wanted, replaced)
    if (made !== undefined) return made
    const small = this.#spares.findIndex((spare) => spare.capacity >= capacity)
    return small >= 0 ? this.#spares.splice(small, 1)[0] : undefined
  }

  /** A checkpoint, which frees segments, must find room when segments find none any more. */
  async #leavesReserve(wanted: number): Promise<boolean> {
    const free = await this.#options.disk.freeBytes(this.#options.dir)
    // 0 is also what file systems say that do not know.
    return free === 0 || free >= wanted + this.reserveBytes()
  }

  async #activate(spare: Spare): Promise<Segment> {
    const { disk, dir, logId } = this.#options
    const base = this.current.base + this.current.capacity
    const file = await disk.open(spare.path, { durable: true })
    await file.write(segmentHeader(base, spare.capacity, logId), 0)
    await file.close()
    const name = segmentName(base)
    await disk.rename(spare.path, `${dir}/${name}`)
    await disk.syncDir(dir)
    const segment = await openSegment(disk, dir, name, logId)
    this.all.push(segment)
    return segment
  }

  async #discardNext(segment: Segment): Promise<void> {
    this.next = undefined
    await this.free(segment)
  }

  /** Takes a segment out of the log; its file is kept as a spare or deleted. */
  async free(segment: Segment): Promise<void> {
    const { disk, dir } = this.#options
    this.all.splice(this.all.indexOf(segment), 1)
    await segment.file.close()
    // Not named by its base: the next one laid out before another replaced it had the same.
    const path = this.#sparePath()
    const large = segment.capacity >= Math.min(this.#options.segmentBytesMax, this.current.capacity)
    const fits = this.bytes + segment.capacity <= this.#options.logBytesMax
    if (fits && this.#spares.length < SPARES_MAX && (large || this.noSpace || this.busy)) {
      await disk.rename(segment.path, path)
      // Durable before it is written anew: else the old name could come back with new content.
      await disk.syncDir(dir)
      this.#spares.push({ path, capacity: segment.capacity })
    } else {
      await disk.remove(segment.path)
    }
    if (this.noSpace) this.prepareSoon()
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#preparing?.catch(() => undefined)
    await this.#laying
    for (const segment of this.all) await segment.file.close()
  }
}

/** The segment of `all`, ordered by base, that holds `position`. */
export function segmentAt(all: readonly Segment[], position: number): Segment {
  let low = 0
  let high = all.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (all[middle]!.base <= position) low = middle
    else high = middle - 1
  }
  return all[low]!
}

function sum(files: readonly { capacity: number }[]): number {
  return files.reduce((total, file) => total + file.capacity, 0)
}
