import type { Disk, DiskFile } from '@hufu/os'
import { BrokerError } from '../errors.ts'
import { checksum } from './checksum.ts'
import { type Bytes, bytesOf } from './entry.ts'
import { FORMAT, getU64, SEGMENT_HEADER_BYTES, SEGMENT_MAGIC, setU64 } from './layout.ts'

/** One file of the log. Position `base` is its first byte. */
export interface Segment {
  readonly path: string
  readonly file: DiskFile
  readonly base: number
  /** Bytes of the file; the next segment's base is `base + capacity`. */
  readonly capacity: number
  /** Messages in it that some queue still holds, once per queue, and their bytes. */
  liveCount: number
  liveBytes: number
  /** Its live messages were copied forward since the last checkpoint; it only waits to be freed. */
  copied: boolean
}

export const SEGMENT_SUFFIX = '.seg'
export const SPARE_PREFIX = 'spare-'

export function segmentName(base: number): string {
  return `${base.toString(16).padStart(14, '0')}${SEGMENT_SUFFIX}`
}

/** A segment file cut shorter than this by a fault is made so long again. */
const CAPACITY_MIN = 4096
/** How much zero is written at a time when a file is laid out. */
const FILL_BYTES = 1 << 20
/** How much of it is synced at a time. */
const SYNC_BYTES = 4 << 20

/**
 * Lays out a file of `capacity` zeros: a write into it later changes no size and costs less to
 * sync.
 */
export async function createZeroed(disk: Disk, path: string, capacity: number): Promise<void> {
  // One may be left of an attempt that ended for lack of room.
  await disk.remove(path).catch(() => undefined)
  const file = await disk.open(path, { create: true })
  try {
    // In pieces: one large sync at the end would hold up the log's writes.
    for (let at = 0; at < capacity; at += SYNC_BYTES) {
      await fill(file, at, Math.min(at + SYNC_BYTES, capacity))
      await file.sync()
    }
  } catch (error) {
    await file.close()
    await disk.remove(path).catch(() => undefined)
    throw error
  }
  await file.close()
}

/** Writes zeros between these two places. */
export async function fill(file: DiskFile, from: number, to: number): Promise<void> {
  const zeros = new Uint8Array(Math.min(FILL_BYTES, Math.max(0, to - from)))
  for (let at = from; at < to; at += zeros.length) {
    await file.write(zeros.subarray(0, Math.min(zeros.length, to - at)), at)
  }
}

export function segmentHeader(base: number, capacity: number, logId: Uint8Array): Uint8Array {
  const { bytes, view } = bytesOf(new Uint8Array(SEGMENT_HEADER_BYTES))
  view.setBigUint64(0, SEGMENT_MAGIC, true)
  view.setUint32(12, FORMAT, true)
  setU64(view, 16, base)
  setU64(view, 24, capacity)
  bytes.set(logId, 32)
  view.setUint32(8, checksum(bytes, 12, SEGMENT_HEADER_BYTES, 0), true)
  return bytes
}

/** A segment as it was found, before it was made good. */
export interface FoundSegment extends Segment {
  headerDamaged: boolean
  /** Bytes that the file had; fewer than `capacity` after damage. */
  foundBytes: number
}

/**
 * Opens a segment. A damaged header is made good again: name and size of the file say the same. A
 * file shorter than its header says is laid out again, with zeros.
 */
export async function openSegment(
  disk: Disk,
  dir: string,
  name: string,
  logId: Uint8Array,
): Promise<FoundSegment> {
  const path = `${dir}/${name}`
  const file = await disk.open(path, { durable: true })
  try {
    const base = Number.parseInt(name, 16)
    const size = await file.size()
    const header = bytesOf(new Uint8Array(SEGMENT_HEADER_BYTES))
    await file.read(header.bytes, 0)
    const headerDamaged = isDamaged(header)
    const stored = headerDamaged ? 0 : getU64(header.view, 24)
    const capacity = Math.max(size, stored, CAPACITY_MIN)
    await fill(file, size, capacity)
    if (headerDamaged) await file.write(segmentHeader(base, capacity, logId), 0)
    else checkHeader(header, path, base, logId)
    const found = { headerDamaged, foundBytes: size }
    return { path, file, base, capacity, liveCount: 0, liveBytes: 0, copied: false, ...found }
  } catch (error) {
    await file.close()
    throw error
  }
}

function isDamaged({ bytes, view }: Bytes): boolean {
  if (view.getBigUint64(0, true) !== SEGMENT_MAGIC) return true
  return view.getUint32(8, true) !== checksum(bytes, 12, SEGMENT_HEADER_BYTES, 0)
}

function checkHeader({ bytes, view }: Bytes, path: string, base: number, logId: Uint8Array): void {
  const format = view.getUint32(12, true)
  if (format > FORMAT) {
    const text = `it has format ${format}, this version knows up to ${FORMAT}`
    throw new BrokerError('FORMAT_UNKNOWN', `Cannot open segment ${path}: ${text}`)
  }
  const foreign = logId.some((byte, i) => bytes[32 + i] !== byte)
  if (foreign || getU64(view, 16) !== base) {
    const text = foreign ? 'it belongs to another log' : 'its header names another position'
    throw new BrokerError('LOG_DAMAGED', `Cannot open segment ${path}: ${text}`)
  }
}
