import type { SimulatedDisk } from '@hufu/os/simulated'

const ENTRY_MAGIC_LOW = 0x48
const ENTRY_MAGIC_HIGH = 0x45
const MESSAGE = 16
const MOVED = 16

/** True when some segment holds an entry that says it is a copy made to free another segment. */
export function hasStraggler(disk: SimulatedDisk): boolean {
  for (const path of disk.files()) {
    if (!path.endsWith('.seg')) continue
    const bytes = disk.contents(path)
    for (let at = 64; at + 16 <= bytes.length; at += 8) {
      const magic = bytes[at + 4] === ENTRY_MAGIC_LOW && bytes[at + 5] === ENTRY_MAGIC_HIGH
      if (magic && bytes[at + 6] === MESSAGE && (bytes[at + 7]! & MOVED) !== 0) return true
    }
  }
  return false
}
