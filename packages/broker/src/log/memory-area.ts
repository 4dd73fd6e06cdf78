import { type Bytes, bytesOf, type EntryView, loadEntry, writeEntryHeader } from './entry.ts'
import { aligned, ENTRY_HEADER_BYTES } from './layout.ts'

/** Positions from here on are in no file: their entries are in memory only. */
export const MEMORY_BASE = 2 ** 52

/** Whether the entry of what stands there is in memory only. */
export function isKept({ position }: { readonly position: number }): boolean {
  return position >= MEMORY_BASE
}

/** All of its entries together, bytes, and the memory that is taken at a time. */
const MEMORY_BYTES_MAX = 32 << 20
const SLAB_BYTES = 1 << 20

/** Empty slabs that keep their memory. */
const EMPTY_MAX = 4

const NO_MEMORY = bytesOf(new Uint8Array(0))

/** A stretch of positions; it is written to anew when nothing in it lives any more. */
interface Slab {
  readonly base: number
  readonly capacity: number
  liveCount: number
  liveBytes: number
  memory: Bytes
}

/** Entries that are never written to a file, as they would stand in the log. */
export class MemoryArea {
  /** What the last entry was written to, and its position. */
  block: Bytes = NO_MEMORY
  position = 0
  readonly #slabs: Slab[] = []
  readonly #slabsMax: number
  #current: Slab | undefined
  /** Of the current slab. */
  #end = SLAB_BYTES

  constructor(bytesMax = MEMORY_BYTES_MAX) {
    this.#slabsMax = Math.floor(bytesMax / SLAB_BYTES)
  }

  /** Whether an entry of so many bytes, header included, has room; sees to it that it has. */
  room(bytes: number): boolean {
    return this.#end + aligned(bytes) <= SLAB_BYTES || (bytes <= SLAB_BYTES && this.#nextSlab())
  }

  /** As `CommitLog.append`; there must be room. */
  append(type: number, flags: number, aux: number, payloadBytes: number): number {
    const at = this.#end
    this.position = this.#current!.base + at
    this.#end += aligned(ENTRY_HEADER_BYTES + payloadBytes)
    writeEntryHeader(this.block.view, at, type, flags, aux, payloadBytes)
    return at + ENTRY_HEADER_BYTES
  }

  /** Loads the entry at a position at which one lives. */
  load(position: number, entry: EntryView): void {
    const { memory, base } = this.at(position)
    loadEntry(entry, memory.bytes, memory.view, position - base, position)
  }

  /** Where it is counted what lives at a position. */
  at(position: number): Slab {
    return this.#slabs[Math.floor((position - MEMORY_BASE) / SLAB_BYTES)]!
  }

  /** Memory that it holds, bytes. */
  get bytes(): number {
    return this.#slabs.reduce((sum, { memory }) => sum + memory.bytes.length, 0)
  }

  /** False when all of them hold something that lives. */
  #nextSlab(): boolean {
    const empty = this.#slabs.filter(({ liveCount }) => liveCount === 0)
    const slab = empty.find(({ memory }) => memory !== NO_MEMORY) ?? empty[0] ?? this.#another()
    if (slab === undefined) return false
    const kept = empty.filter((each) => each !== slab && each.memory !== NO_MEMORY)
    for (const each of kept.slice(EMPTY_MAX)) each.memory = NO_MEMORY
    // Not zeroed: pages that are never written to cost no memory.
    if (slab.memory === NO_MEMORY) slab.memory = bytesOf(Buffer.allocUnsafeSlow(SLAB_BYTES))
    this.#current = slab
    this.block = slab.memory
    this.#end = 0
    return true
  }

  #another(): Slab | undefined {
    if (this.#slabs.length >= this.#slabsMax) return undefined
    const base = MEMORY_BASE + this.#slabs.length * SLAB_BYTES
    const slab = { base, capacity: SLAB_BYTES, liveCount: 0, liveBytes: 0, memory: NO_MEMORY }
    this.#slabs.push(slab)
    return slab
  }
}
