import { crc32 } from 'node:zlib'

/**
 * From so many bytes on the call into native code pays (measured: 400 B 176 ns here and 225 ns
 * there, 600 B 244 ns and 258 ns, 1 KiB 425 ns and 300 ns).
 */
const NATIVE_BYTES_MIN = 640
const STEP_BYTES = 16
const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1

/** Sixteen tables of 256: CRC-32 (ISO-HDLC, the one of zlib) over sixteen bytes at a step. */
const TABLES = buildTables()

function buildTables(): Int32Array {
  const tables = new Int32Array(STEP_BYTES * 256)
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

/** The memory as words, for `checksumOf`; none where a word's bytes would stand the other way. */
export function wordsOf({ buffer, byteOffset, byteLength }: Uint8Array): Int32Array | undefined {
  if (!LITTLE_ENDIAN || byteOffset % 4 !== 0) return undefined
  return new Int32Array(buffer, byteOffset, byteLength >> 2)
}

/** CRC-32 of `bytes[start..end)`, continuing from `seed`. */
export function checksum(bytes: Uint8Array, start: number, end: number, seed: number): number {
  return crc32(bytes.subarray(start, end), seed)
}

/** As `checksum`, of memory whose words are at hand: a few need no call into native code. */
export function checksumOf(memory: Memory, start: number, end: number, seed: number): number {
  const { bytes, words } = memory
  const native = words === undefined || end - start >= NATIVE_BYTES_MIN || (start & 3) !== 0
  return native ? checksum(bytes, start, end, seed) : byWords(bytes, words, start, end, seed)
}

interface Memory {
  readonly bytes: Uint8Array
  readonly words: Int32Array | undefined
}

function byWords(
  bytes: Uint8Array,
  words: Int32Array,
  start: number,
  end: number,
  seed: number,
): number {
  const t = TABLES
  let crc = ~seed
  let at = start
  for (; end - at >= STEP_BYTES; at += STEP_BYTES) {
    const word = at >> 2
    const a = crc ^ words[word]!
    const b = words[word + 1]!
    const c = words[word + 2]!
    const d = words[word + 3]!
    crc =
      t[3840 + (a & 255)]! ^
      t[3584 + ((a >>> 8) & 255)]! ^
      t[3328 + ((a >>> 16) & 255)]! ^
      t[3072 + (a >>> 24)]! ^
      t[2816 + (b & 255)]! ^
      t[2560 + ((b >>> 8) & 255)]! ^
      t[2304 + ((b >>> 16) & 255)]! ^
      t[2048 + (b >>> 24)]! ^
      t[1792 + (c & 255)]! ^
      t[1536 + ((c >>> 8) & 255)]! ^
      t[1280 + ((c >>> 16) & 255)]! ^
      t[1024 + (c >>> 24)]! ^
      t[768 + (d & 255)]! ^
      t[512 + ((d >>> 8) & 255)]! ^
      t[256 + ((d >>> 16) & 255)]! ^
      t[d >>> 24]!
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
