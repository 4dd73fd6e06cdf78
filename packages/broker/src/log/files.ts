import { isDiskError, type Os } from '@hufu/os'
import { BrokerError } from '../errors.ts'
import { bytesOf } from './entry.ts'
import { type Manifest, openManifest } from './manifest.ts'
import {
  createZeroed,
  type FoundSegment,
  openSegment,
  SEGMENT_SUFFIX,
  SPARE_PREFIX,
  segmentHeader,
  segmentName,
} from './segment.ts'

/** The files of a log, open; nothing of what is in the segments has been read. */
export interface LogFiles {
  manifest: Manifest
  /** Where the log ended when the life before stopped in order; 0: it did not. */
  stoppedAt: number
  /** Number drawn from the log's id, for the checksums. */
  log: number
  /** By their base, at least one. */
  segments: FoundSegment[]
  /** Names of files that hold nothing; not to be used: a half-made one may lack blocks. */
  spares: readonly string[]
}

/**
 * Reads the manifest and opens the segments among `names`, all names of the folder; makes both in a
 * new one. After an error nothing is left open.
 */
export async function openFiles(
  os: Os,
  dir: string,
  names: readonly string[],
  segmentBytesMin: number,
): Promise<LogFiles> {
  const spares = names.filter((name) => name.startsWith(SPARE_PREFIX))
  const used = names.filter((name) => name.endsWith(SEGMENT_SUFFIX) && !spares.includes(name))
  if (used.length > 0) await demandManifest(os, dir)
  const newId = () => Buffer.from(os.random.id(), 'hex')
  const { manifest, stoppedAt } = await openManifest(os.disk, dir, newId)
  if (used.length === 0) {
    await removeAll(os, dir, spares.splice(0))
    used.push(await createFirst(os, dir, segmentBytesMin, manifest.logId))
  }
  const segments = await openAll(os, dir, used, manifest.logId)
  const id = bytesOf(manifest.logId).view
  const log = (id.getUint32(0, true) ^ id.getUint32(8, true)) >>> 0
  return { manifest, stoppedAt, log, segments, spares }
}

export async function closeAll(segments: readonly FoundSegment[]): Promise<void> {
  for (const { file } of segments) await file.close().catch(() => undefined)
}

/** Of files of a folder. */
export async function removeAll(os: Os, dir: string, names: readonly string[]): Promise<void> {
  for (const name of names) await os.disk.remove(`${dir}/${name}`)
}

async function openAll(
  os: Os,
  dir: string,
  names: readonly string[],
  logId: Uint8Array,
): Promise<FoundSegment[]> {
  const segments: FoundSegment[] = []
  try {
    for (const name of names) segments.push(await openSegment(os.disk, dir, name, logId))
  } catch (error) {
    await closeAll(segments)
    throw error
  }
  return segments
}

async function demandManifest(os: Os, dir: string): Promise<void> {
  const path = `${dir}/manifest`
  try {
    await (await os.disk.open(path, { readOnly: true })).close()
  } catch (error) {
    if (!isDiskError(error, 'ENOENT')) throw error
    throw new BrokerError('LOG_DAMAGED', `Cannot open ${dir}: segments without ${path}`)
  }
}

async function createFirst(
  { disk }: Os,
  dir: string,
  capacity: number,
  logId: Uint8Array,
): Promise<string> {
  const temporary = `${dir}/${SPARE_PREFIX}new.seg`
  await createZeroed(disk, temporary, capacity)
  const file = await disk.open(temporary, { durable: true })
  try {
    await file.write(segmentHeader(0, capacity, logId), 0)
  } finally {
    await file.close()
  }
  await disk.rename(temporary, `${dir}/${segmentName(0)}`)
  await disk.syncDir(dir)
  return segmentName(0)
}
