import type { SeededRandom } from './random.ts'

/** The piece that a device writes whole or not at all, bytes. */
const SECTOR_BYTES = 512

const ZEROS = new Uint8Array(SECTOR_BYTES)

/** Sector number → its content before the unsynced writes to it. */
type OldSectors = Map<number, Uint8Array>

/** What a sync that is under way will make durable. */
export interface SyncPass {
  readonly olds: OldSectors
  readonly size: number
}

/** How much of what was not synced survives a power cut. */
export type Keep = 'all' | 'none' | 'some'

/** The bytes of one file: as the program reads them, and as they would be after a power cut. */
export class FileData {
  size = 0
  #bytes = new Uint8Array(SECTOR_BYTES)
  #durableSize = 0
  #dirty: OldSectors = new Map()
  #passes: SyncPass[] = []
  /** Given up by a failed sync: read as new, not durable, and no later sync writes them. */
  #abandoned: OldSectors = new Map()

  read(target: Uint8Array, position: number): number {
    const piece = this.#bytes.subarray(position, Math.min(this.size, position + target.length))
    target.set(piece)
    return piece.length
  }

  write(bytes: Uint8Array, position: number): void {
    if (bytes.length === 0) return
    this.#reserve(position + bytes.length)
    const last = sectorOf(position + bytes.length - 1)
    // Zeros between the old end and the position are written too, so they are unsynced as well.
    const first = sectorOf(Math.min(position, this.size))
    for (let sector = first; sector <= last; sector++) this.#soil(sector)
    this.#bytes.set(bytes, position)
    this.size = Math.max(this.size, position + bytes.length)
  }

  writeDurable(bytes: Uint8Array, position: number): void {
    if (bytes.length === 0) return
    const end = position + bytes.length
    this.#reserve(end)
    this.#bytes.set(bytes, position)
    this.size = Math.max(this.size, end)
    this.#durableSize = Math.max(this.#durableSize, end)
    this.#forget(sectorOf(position), sectorOf(end - 1))
  }

  beginSync(): SyncPass {
    const pass = { olds: this.#dirty, size: this.size }
    this.#passes.push(pass)
    this.#dirty = new Map()
    return pass
  }

  endSync(pass: SyncPass): void {
    // A later sync that ended first has covered this one.
    const at = this.#passes.indexOf(pass)
    if (at < 0) return
    this.#passes.splice(0, at + 1)
    this.#durableSize = Math.max(this.#durableSize, pass.size)
  }

  /** Some sectors got through, the others are marked clean all the same, as Linux does it. */
  failSync(pass: SyncPass, random: SeededRandom): void {
    const at = this.#passes.indexOf(pass)
    if (at < 0) return
    this.#passes.splice(at, 1)
    const newer = [...this.#passes.slice(at).map((other) => other.olds), this.#dirty]
    for (const [sector, old] of pass.olds) {
      if (random.chance(0.5)) continue
      const rewritten = newer.find((olds) => olds.has(sector)) ?? this.#abandoned
      rewritten.set(sector, old)
    }
  }

  /** The page cache lets go of what it takes for clean: given-up sectors read as on the device. */
  dropCache(): void {
    for (const [sector, old] of this.#abandoned) this.#bytes.set(old, sector * SECTOR_BYTES)
    this.#abandoned.clear()
  }

  powerCut(keep: Keep, random: SeededRandom): void {
    const keepChance = keep === 'all' ? 1 : keep === 'none' ? 0 : random.next()
    const layers = [this.#abandoned, ...this.#passes.map((pass) => pass.olds), this.#dirty]
    const settled = new Set<number>()
    for (const olds of layers) {
      for (const [sector, old] of olds) {
        if (settled.has(sector) || random.chance(keepChance)) continue
        settled.add(sector)
        this.#bytes.set(old, sector * SECTOR_BYTES)
      }
    }
    this.#cut(sizeAfter(keep, this.#durableSize, this.size, random))
    this.#dirty = new Map()
    this.#passes = []
    this.#abandoned = new Map()
    this.#durableSize = this.size
  }

  /** The medium itself decays: the bit is wrong in every version of the sector. */
  flipBit(position: number, bit: number): void {
    if (position >= this.size) throw new RangeError(`Cannot flip: the file ends at ${this.size}`)
    const sector = sectorOf(position)
    this.#bytes[position]! ^= 1 << bit
    for (const olds of [this.#abandoned, ...this.#passes.map((pass) => pass.olds), this.#dirty]) {
      const old = olds.get(sector)?.slice()
      if (old === undefined) continue
      old[position % SECTOR_BYTES]! ^= 1 << bit
      olds.set(sector, old)
    }
  }

  contents(): Uint8Array {
    return this.#bytes.slice(0, this.size)
  }

  #soil(sector: number): void {
    if (this.#dirty.has(sector)) return
    const start = sector * SECTOR_BYTES
    const now = start < this.size ? this.#bytes.slice(start, start + SECTOR_BYTES) : ZEROS
    this.#dirty.set(sector, this.#abandoned.get(sector) ?? now)
    this.#abandoned.delete(sector)
  }

  #forget(first: number, last: number): void {
    for (const olds of [this.#abandoned, ...this.#passes.map((pass) => pass.olds), this.#dirty]) {
      if (olds.size === 0) continue
      for (let sector = first; sector <= last; sector++) olds.delete(sector)
    }
  }

  #cut(size: number): void {
    this.#bytes.fill(0, size)
    this.size = size
  }

  #reserve(size: number): void {
    if (size <= this.#bytes.length) return
    const sectors = Math.ceil(Math.max(size, this.#bytes.length * 2) / SECTOR_BYTES)
    const larger = new Uint8Array(sectors * SECTOR_BYTES)
    larger.set(this.#bytes)
    this.#bytes = larger
  }
}

function sectorOf(position: number): number {
  return Math.floor(position / SECTOR_BYTES)
}

/** The new length of a grown file is metadata, written at its own time. */
function sizeAfter(keep: Keep, durable: number, now: number, random: SeededRandom): number {
  if (keep === 'all' || durable === now) return now
  if (keep === 'none') return durable
  return durable + random.below(now - durable + 1)
}
