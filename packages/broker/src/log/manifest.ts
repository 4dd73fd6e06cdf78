import type { Disk, DiskFile } from '@hufu/os'
import { isDiskError } from '@hufu/os'
import { BrokerError } from '../errors.ts'
import { checksum } from './checksum.ts'
import { bytesOf } from './entry.ts'
import { FORMAT, getU64, setU64 } from './layout.ts'

/** What a folder says of itself. */
export interface Manifest {
  format: number
  /** Drawn once; part of every checksum. */
  logId: Uint8Array
  /** Raised at each opening, before anything is written. */
  incarnation: number
  /** Where the log ended when this life stopped in order; 0: it has not. */
  stoppedAt: number
}

const MAGIC = 0x4655_4648 // "HFUF"
const SLOT_BYTES = 64
/** Two slots, written in turn, a disk block apart: a torn write leaves the other one. */
const SLOT_OFFSETS = [0, 4096]
const FILE_BYTES = 8192

/**
 * Reads the manifest, or makes one in a folder that has none; then raises the incarnation durably.
 * With it goes where the log ended at the stop of the life before, 0 when that was none in order.
 */
export async function openManifest(disk: Disk, dir: string, newLogId: () => Uint8Array) {
  const path = `${dir}/manifest`
  const file = (await openOrUndefined(disk, path)) ?? (await createManifest(disk, dir, newLogId()))
  try {
    const slots = await readSlots(file)
    const newest = slots.reduce((a, b) => (isNewer(b, a) ? b : a))
    if (newest === undefined) {
      throw new BrokerError(
        'LOG_DAMAGED',
        `Cannot open ${path}: neither of its two copies is whole`,
      )
    }
    if (newest.format > FORMAT) {
      const text = `it has format ${newest.format}, this version knows up to ${FORMAT}`
      throw new BrokerError('FORMAT_UNKNOWN', `Cannot open ${dir}: ${text}`)
    }
    const incarnation = newest.incarnation + 1
    const manifest = { ...newest, format: FORMAT, incarnation, stoppedAt: 0 }
    await writeSlot(file, slots.indexOf(newest) === 0 ? 1 : 0, manifest)
    return { manifest, stoppedAt: newest.stoppedAt }
  } finally {
    await file.close()
  }
}

/** Notes, durably, where the log ends at an orderly stop. */
export async function noteStop(disk: Disk, dir: string, stoppedAt: number): Promise<void> {
  const file = await disk.open(`${dir}/manifest`, { durable: true })
  try {
    const slots = await readSlots(file)
    const newest = slots.reduce((a, b) => (isNewer(b, a) ? b : a))
    // Into the other slot: a torn write must not cost the incarnation.
    const other = slots.indexOf(newest) === 0 ? 1 : 0
    if (newest !== undefined) await writeSlot(file, other, { ...newest, stoppedAt })
  } finally {
    await file.close()
  }
}

function isNewer(slot: Manifest | undefined, than: Manifest | undefined): boolean {
  if (slot === undefined || than === undefined) return slot !== undefined
  if (slot.incarnation !== than.incarnation) return slot.incarnation > than.incarnation
  return slot.stoppedAt > than.stoppedAt
}

async function openOrUndefined(disk: Disk, path: string): Promise<DiskFile | undefined> {
  try {
    return await disk.open(path, { durable: true })
  } catch (error) {
    if (isDiskError(error, 'ENOENT')) return undefined
    throw error
  }
}

async function createManifest(disk: Disk, dir: string, logId: Uint8Array): Promise<DiskFile> {
  const path = `${dir}/manifest`
  // A crash here leaves only the temporary file, and the folder counts as new.
  const temporary = `${path}.new`
  await disk.remove(temporary).catch(() => undefined)
  const file = await disk.open(temporary, { create: true, durable: true })
  await file.write(new Uint8Array(FILE_BYTES), 0)
  await writeSlot(file, 0, { format: FORMAT, logId, incarnation: 0, stoppedAt: 0 })
  await file.close()
  await disk.rename(temporary, path)
  await disk.syncDir(dir)
  return disk.open(path, { durable: true })
}

function writeSlot(file: DiskFile, slot: number, manifest: Manifest): Promise<void> {
  const { bytes, view } = bytesOf(new Uint8Array(SLOT_BYTES))
  view.setUint32(0, MAGIC, true)
  view.setUint32(8, manifest.format, true)
  setU64(view, 16, manifest.incarnation)
  bytes.set(manifest.logId, 24)
  setU64(view, 40, manifest.stoppedAt)
  view.setUint32(4, checksum(bytes, 8, SLOT_BYTES, 0), true)
  return file.write(bytes, SLOT_OFFSETS[slot]!)
}

async function readSlots(file: DiskFile): Promise<(Manifest | undefined)[]> {
  const all = new Uint8Array(FILE_BYTES)
  await file.read(all, 0)
  return SLOT_OFFSETS.map((at) => parseSlot(all.subarray(at, at + SLOT_BYTES)))
}

function parseSlot(slot: Uint8Array): Manifest | undefined {
  const { bytes, view } = bytesOf(slot)
  if (view.getUint32(0, true) !== MAGIC) return undefined
  if (view.getUint32(4, true) !== checksum(bytes, 8, SLOT_BYTES, 0)) return undefined
  return {
    format: view.getUint32(8, true),
    incarnation: getU64(view, 16),
    logId: bytes.slice(24, 40),
    stoppedAt: getU64(view, 40),
  }
}
