import { BrokerError } from '../errors.ts'
import type { Blocks } from './blocks.ts'
import { type Bytes, bytesOf, type EntryView, loadEntry, readEntry } from './entry.ts'
import type { Incarnations } from './incarnations.ts'
import { ALIGN, ENTRY_HEADER_BYTES } from './layout.ts'
import { MEMORY_BASE, type MemoryArea } from './memory-area.ts'
import type { Segment } from './segment.ts'
import type { Segments } from './segments.ts'

/** Read from the disk at a time, bytes; a queue is mostly drained in the order it was written. */
const WINDOW_BYTES = 512 * 1024
const WINDOWS_MAX = 8

interface Window extends Bytes {
  position: number
}

interface LogParts {
  readonly blocks: Blocks
  readonly memory: MemoryArea
  readonly segments: Segments
  readonly incarnations: Incarnations
}

/** Brings entries back: from the memory of the newest groups, else from disk in large pieces. */
export class LogReader {
  readonly #blocks: Blocks
  readonly #memory: MemoryArea
  readonly #segments: Segments
  readonly #incarnations: Incarnations
  readonly #log: number
  readonly #end: () => number
  readonly #windows: Window[] = []

  /** `end`: position up to which the log is written; what lies behind it must not be remembered. */
  constructor(
    { blocks, memory, segments, incarnations }: LogParts,
    log: number,
    end: () => number,
  ) {
    this.#blocks = blocks
    this.#memory = memory
    this.#segments = segments
    this.#incarnations = incarnations
    this.#log = log
    this.#end = end
  }

  /** Loads the entry at `position` when its bytes are in memory. */
  cached(position: number, entry: EntryView): 'loaded' | 'absent' | 'damaged' {
    if (position >= MEMORY_BASE) {
      this.#memory.load(position, entry)
      return 'loaded'
    }
    if (this.#blocks.find(position)) {
      const { block, offset } = this.#blocks
      loadEntry(entry, block.bytes, block.view, offset, position)
      return 'loaded'
    }
    for (const window of this.#windows) {
      const at = position - window.position
      if (at < 0 || (at > 0 && at >= window.bytes.length)) continue
      const incarnation = this.#incarnations.at(position)
      if (readEntry(window, at, position, incarnation, this.#log, entry)) return 'loaded'
      // Another window may end within the entry, or be older than it.
      if (at === 0) return this.#damaged(window)
    }
    return 'absent'
  }

  /** Forgotten, so that a later look reads the disk again. */
  #damaged(window: Window): 'damaged' {
    this.#windows.splice(this.#windows.indexOf(window), 1)
    return 'damaged'
  }

  /** Reads what stands at `position`, at least `size` bytes and the surroundings behind it. */
  async load(position: number, size: number): Promise<void> {
    const segment = this.#segments.at(position)
    const offset = position - segment.base
    if (offset < 0 || offset >= segment.capacity) {
      throw new BrokerError('LOG_DAMAGED', `Cannot read position ${position}: no segment has it`)
    }
    const wanted = Math.max(WINDOW_BYTES, size + ENTRY_HEADER_BYTES + ALIGN)
    const length = Math.min(wanted, segment.capacity - offset, this.#end() - position)
    const bytes = this.#bytesFor(length)
    const read = await segment.file.read(bytes, offset).catch((error) => {
      throw new BrokerError('LOG_DAMAGED', `Cannot read position ${position}: ${error}`, error)
    })
    this.#windows.push({ ...bytesOf(bytes.subarray(0, read)), position })
  }

  /** That of the oldest window, when there are enough. */
  #bytesFor(length: number): Uint8Array {
    if (this.#windows.length >= WINDOWS_MAX) {
      const { buffer } = this.#windows.shift()!.bytes
      if (buffer.byteLength >= length) return new Uint8Array(buffer, 0, length)
    }
    return Buffer.allocUnsafeSlow(length)
  }

  /** Forgets what was read from a segment that goes away. */
  forget(segment: Segment): void {
    const end = segment.base + segment.capacity
    for (let i = this.#windows.length - 1; i >= 0; i--) {
      const { position } = this.#windows[i]!
      if (position >= segment.base && position < end) this.#windows.splice(i, 1)
    }
  }
}
