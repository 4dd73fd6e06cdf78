import { type DiskFile, isDiskError } from '@hufu/os'
import { BrokerError } from '../errors.ts'
import { SEGMENT_HEADER_BYTES } from '../log/layout.ts'
import type { Engine } from './engine.ts'
import type { Retainer } from './retain.ts'

const COPY_BYTES = 1 << 20
const CHECKPOINTS = ['checkpoint-a', 'checkpoint-b']

/**
 * Copies a working folder. Nothing is freed meanwhile, and the log is copied exactly up to where it
 * was durable when the copy began; the manifest comes last, so a copy cut short is not taken for
 * whole.
 */
export async function backup(engine: Engine, retainer: Retainer, to: string) {
  const { disk } = engine.os
  const release = await retainer.hold()
  try {
    await engine.log.durable()
    await makeEmptyDir(engine, to)
    const end = engine.log.end
    const names = CHECKPOINTS.map((name) => ({ name, bytes: Number.POSITIVE_INFINITY }))
    for (const { path, base } of [...engine.log.segments.all]) {
      const bytes = Math.max(SEGMENT_HEADER_BYTES, end - base)
      names.push({ name: path.slice(engine.dir.length + 1), bytes })
    }
    names.push({ name: 'manifest', bytes: Number.POSITIVE_INFINITY })
    let bytes = 0
    for (const file of names) bytes += await copyFile(engine, to, file.name, file.bytes)
    await disk.syncDir(to)
    return { bytes, position: end }
  } catch (error) {
    if (!isDiskError(error) || error instanceof BrokerError) throw error
    throw new BrokerError('FOLDER_UNUSABLE', `Cannot back up to ${to}: ${error.message}`, error)
  } finally {
    release()
  }
}

async function makeEmptyDir(engine: Engine, to: string): Promise<void> {
  const { disk } = engine.os
  await disk.makeDir(to)
  const names = await disk.list(to)
  if (names.length === 0) return
  throw new BrokerError('ARGUMENT', `Cannot back up to ${to}: the folder is not empty`)
}

/** Copies the first `limit` bytes; a missing file (a second checkpoint) is left out. */
async function copyFile(engine: Engine, to: string, name: string, limit: number): Promise<number> {
  const { disk } = engine.os
  let source: DiskFile
  try {
    source = await disk.open(`${engine.dir}/${name}`, { readOnly: true })
  } catch (error) {
    if (isDiskError(error, 'ENOENT')) return 0
    throw error
  }
  const target = await disk.open(`${to}/${name}`, { create: true })
  try {
    const size = Math.min(limit, await source.size())
    const chunk = new Uint8Array(COPY_BYTES)
    for (let at = 0; at < size; ) {
      const read = await source.read(chunk.subarray(0, Math.min(chunk.length, size - at)), at)
      if (read === 0) break
      await target.write(chunk.subarray(0, read), at)
      at += read
    }
    await target.sync()
    return size
  } finally {
    await source.close()
    await target.close()
  }
}
