import { checksumOf, seedOf, wordsOf } from './checksum.ts'
import {
  aligned,
  ENTRY_HEADER_BYTES,
  ENTRY_MAGIC,
  GROUP_HEADER_BYTES,
  GROUP_MAGIC,
  getU64,
  setU64,
} from './layout.ts'

/** Bytes with views on them; the same memory in three ways, each fast at other things. */
export interface Bytes {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly words: Int32Array | undefined
}

export function bytesOf(bytes: Uint8Array): Bytes {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return { bytes, view, words: wordsOf(bytes) }
}

/**
 * An entry being looked at: one object, moved along the log. Valid only until the visit returns.
 */
export interface EntryView {
  bytes: Uint8Array
  view: DataView
  /** Where the entry's header starts in `bytes`. */
  offset: number
  position: number
  type: number
  flags: number
  /** Bytes of header and payload, without padding. */
  length: number
  aux: number
  /** Broker time of its group, ms. */
  time: number
}

export function emptyEntryView(): EntryView {
  const none = bytesOf(new Uint8Array(0))
  return { ...none, offset: 0, position: 0, type: 0, flags: 0, length: 0, aux: 0, time: 0 }
}

export interface GroupHeader {
  length: number
  count: number
  incarnation: number
  durableUpTo: number
  time: number
}

/**
 * Everything but the checksum; that needs the position, which is known when the group is written.
 */
export function writeEntryHeader(
  view: DataView,
  at: number,
  type: number,
  flags: number,
  aux: number,
  payloadBytes: number,
): void {
  view.setUint16(at + 4, ENTRY_MAGIC, true)
  view.setUint8(at + 6, type)
  view.setUint8(at + 7, flags)
  view.setUint32(at + 8, ENTRY_HEADER_BYTES + payloadBytes, true)
  view.setUint32(at + 12, aux, true)
}

/** Writes the header of a group at offset `start` of the block and `position` of the log. */
export function sealHeader(
  memory: Bytes,
  start: number,
  position: number,
  header: GroupHeader,
  log: number,
): void {
  const { view } = memory
  view.setUint16(start + 4, GROUP_MAGIC, true)
  view.setUint16(start + 6, 0, true)
  view.setUint32(start + 8, header.length, true)
  view.setUint32(start + 12, header.count, true)
  setU64(view, start + 16, header.incarnation)
  setU64(view, start + 24, header.durableUpTo)
  setU64(view, start + 32, header.time)
  const seed = seedOf(log, position, header.incarnation)
  view.setUint32(start, checksumOf(memory, start + 4, start + GROUP_HEADER_BYTES, seed), true)
}

/** Sets the checksums of the entries from offset `from` up to `to`, `from` being at `position`. */
export function sealEntries(
  memory: Bytes,
  from: number,
  to: number,
  position: number,
  incarnation: number,
  log: number,
): void {
  const { view } = memory
  for (let at = from; at < to; ) {
    const length = view.getUint32(at + 8, true)
    const seed = seedOf(log, position + (at - from), incarnation)
    view.setUint32(at, checksumOf(memory, at + 4, at + length, seed), true)
    at += aligned(length)
  }
}

/** The group header at `at`, if one is there that was written for this very position. */
export function readGroupHeader(
  memory: Bytes,
  at: number,
  position: number,
  log: number,
): GroupHeader | undefined {
  const { bytes, view } = memory
  if (at + GROUP_HEADER_BYTES > bytes.length) return undefined
  if (view.getUint16(at + 4, true) !== GROUP_MAGIC) return undefined
  const incarnation = getU64(view, at + 16)
  const seed = seedOf(log, position, incarnation)
  if (checksumOf(memory, at + 4, at + GROUP_HEADER_BYTES, seed) !== view.getUint32(at, true)) {
    return undefined
  }
  return {
    length: view.getUint32(at + 8, true),
    count: view.getUint32(at + 12, true),
    incarnation,
    durableUpTo: getU64(view, at + 24),
    time: getU64(view, at + 32),
  }
}

/** Loads the entry at `at` into `entry`; false where none is that this incarnation wrote here. */
export function readEntry(
  memory: Bytes,
  at: number,
  position: number,
  incarnation: number,
  log: number,
  entry: EntryView,
): boolean {
  const { bytes, view } = memory
  if (at + ENTRY_HEADER_BYTES > bytes.length) return false
  if (view.getUint16(at + 4, true) !== ENTRY_MAGIC) return false
  const length = view.getUint32(at + 8, true)
  if (length < ENTRY_HEADER_BYTES || at + length > bytes.length) return false
  const seed = seedOf(log, position, incarnation)
  if (checksumOf(memory, at + 4, at + length, seed) !== view.getUint32(at, true)) return false
  loadEntry(entry, bytes, view, at, position)
  return true
}

/** As `readEntry`, of bytes known to be good. */
export function loadEntry(
  entry: EntryView,
  bytes: Uint8Array,
  view: DataView,
  at: number,
  position: number,
): void {
  entry.bytes = bytes
  entry.view = view
  entry.offset = at
  entry.position = position
  entry.type = view.getUint8(at + 6)
  entry.flags = view.getUint8(at + 7)
  entry.length = view.getUint32(at + 8, true)
  entry.aux = view.getUint32(at + 12, true)
}
