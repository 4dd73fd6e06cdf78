/*
 * The byte layout of a log (docs/storage.md tells it in full). All numbers are little-endian;
 * groups
 * and entries start at multiples of 8. A *position* is a place in the whole log: the base of its
 * segment plus the offset in that file.
 *
 *   segment | magic 8 | crc 4 | format 4 | base 8 | capacity 8 | log id 16 | to 64 | groups …
 *   group   | crc 4 | magic 2 | 0 2 | length 4 | count 4 | incarnation 8 | durable 8 | time 8 |
 *   entry   | crc 4 | magic 2 | type 1 | flags 1 | length 4 | aux 4 | payload | zeros to 8 |
 *
 * A checksum covers what follows it in its header (an entry's also the payload). It is seeded with
 * log
 * id, position and incarnation, so a block from elsewhere or from an earlier life never passes.
 */

/** Version of everything in a broker's folder. A higher one is refused, a lower one is read. */
export const FORMAT = 2

export const SEGMENT_MAGIC = 0x3147_4553_5546_5548n // "HUFUSEG1"
export const SEGMENT_HEADER_BYTES = 64

export const GROUP_MAGIC = 0x4748 // "HG"
export const GROUP_HEADER_BYTES = 40

export const ENTRY_MAGIC = 0x4548 // "HE"
export const ENTRY_HEADER_BYTES = 16

/** Entry types below this belong to the log itself; the log hands all others on unread. */
export const ENTRY_TYPE_FOREIGN_MIN = 16
/** The last entry before an orderly stop, in a group of its own. */
export const ENTRY_CLEAN_STOP = 1

export const ALIGN = 8

/** The next multiple of 8. */
export function aligned(bytes: number): number {
  return (bytes + 7) & ~7
}

const TWO_32 = 2 ** 32

/** Writes a whole number below 2^53 as u64. */
export function setU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true)
  view.setUint32(at + 4, (value / TWO_32) >>> 0, true)
}

export function getU64(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * TWO_32
}
