import { type Bytes, bytesOf } from './entry.ts'

/** A stretch of a block that lies in one piece in the log too. */
interface Run {
  offset: number
  position: number
  bytes: number
}

/**
 * Memory in which write groups are built one behind the other; afterwards it is the cache of the
 * log's end.
 */
export interface Block extends Bytes {
  /** Where the next group may start. */
  end: number
  /** Groups in it that are not on disk yet. */
  pending: number
  runs: Run[]
}

/** A bounded set of blocks, the oldest written one being used anew. */
export class Blocks {
  /** Set by `find`. */
  block: Block
  offset = 0
  readonly #blocks: Block[] = []
  readonly #blockBytes: number
  readonly #countMax: number

  constructor(cacheBytes: number, blockBytesMax: number) {
    this.#blockBytes = Math.max(1 << 16, Math.min(blockBytesMax, cacheBytes >> 2))
    this.#countMax = Math.max(2, Math.floor(cacheBytes / this.#blockBytes))
    this.block = this.#make(0)
  }

  get blockBytes(): number {
    return this.#blockBytes
  }

  /**
   * An empty block with room for at least `bytes`; blocks that wait for the disk are never given
   * out.
   */
  take(bytes: number): Block {
    // More than `countMax` after a burst: those are given back.
    while (this.#blocks.length > this.#countMax && this.#blocks[0]!.pending === 0) {
      this.#blocks.shift()
    }
    const oldest = this.#blocks[0]
    const full = this.#blocks.length >= this.#countMax
    if (full && oldest !== undefined && oldest.pending === 0) {
      this.#blocks.shift()
      if (oldest.bytes.length >= bytes && oldest.bytes.length === this.#blockBytes) {
        oldest.end = 0
        oldest.runs = []
        this.#blocks.push(oldest)
        return oldest
      }
    }
    const block = this.#make(Math.max(bytes, this.#blockBytes))
    this.#blocks.push(block)
    return block
  }

  /** Notes that a group lies at `position` of the log. */
  placed(block: Block, offset: number, position: number, bytes: number): void {
    const last = block.runs.at(-1)
    const joins =
      last && last.offset + last.bytes === offset && last.position + last.bytes === position
    if (joins) last.bytes += bytes
    else block.runs.push({ offset, position, bytes })
  }

  /** Looks for `position` in memory; sets `block` and `offset` when it is there. */
  find(position: number): boolean {
    for (let i = this.#blocks.length - 1; i >= 0; i--) {
      const block = this.#blocks[i]!
      for (let r = block.runs.length - 1; r >= 0; r--) {
        const run = block.runs[r]!
        if (position < run.position || position >= run.position + run.bytes) continue
        this.block = block
        this.offset = run.offset + (position - run.position)
        return true
      }
    }
    return false
  }

  #make(bytes: number): Block {
    // Not zeroed: pages that are never written to cost no memory.
    const memory = Buffer.allocUnsafeSlow(bytes)
    return { ...bytesOf(memory), end: 0, pending: 0, runs: [] }
  }
}
