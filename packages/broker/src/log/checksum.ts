import { crc32 } from 'node:zlib'

/**
 * Above so many bytes the call into native code pays (measured: 128 B 80 ns here, 132 ns there).
 */
const NATIVE_BYTES_MIN = 256

/** Eight tables of 256: CRC-32 (ISO-HDLC, the one of zlib) over eight bytes at a step. */
const TABLES = buildTables()

function buildTables(): Uint32Array {
  const tables = new Uint32Array(8 * 256)
  for (let i = 0; i < 256; i++) {
    let crc = i
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb8_8320 : crc >>> 1
    tables[i] = crc
  }
  for (let i = 256; i < tables.length; i++) {
    const before = tables[i - 256]!
    tables[i] = (before >>> 8) ^ tables[before & 255]!
  }
  return tables
}

/** CRC-32 of `bytes[start..end)`, continuing from `seed`. */
export function checksum(bytes: Uint8Array, start: number, end: number, seed: number): number {
  if (end - start >= NATIVE_BYTES_MIN) return crc32(bytes.subarray(start, end), seed)
  const t = TABLES
  let crc = ~seed
  let at = start
  for (; end - at >= 8; at += 8) {
    const low =
      crc ^ (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24))
    crc =
      t[1792 + (low & 255)]! ^
      t[1536 + ((low >>> 8) & 255)]! ^
      t[1280 + ((low >>> 16) & 255)]! ^
      t[1024 + (low >>> 24)]! ^
      t[768 + bytes[at + 4]!]! ^
      t[512 + bytes[at + 5]!]! ^
      t[256 + bytes[at + 6]!]! ^
      t[bytes[at + 7]!]!
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ t[(crc ^ bytes[at]!) & 255]!
  return ~crc >>> 0
}

/** What a checksum at `position` starts from; `log` is a number drawn from the log's own id. */
export function seedOf(log: number, position: number, incarnation: number): number {
  let hash = log ^ Math.imul(position >>> 0, 0x9e37_79b1)
  hash = Math.imul(hash ^ (hash >>> 15), 0x85eb_ca6b)
  hash ^=
    Math.imul((position / 2 ** 32) >>> 0, 0xc2b2_ae35) ^ Math.imul(incarnation >>> 0, 0x27d4_eb2f)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
