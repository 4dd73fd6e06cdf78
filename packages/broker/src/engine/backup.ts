import { resolve } from 'node:path'
import { type DiskFile, isDiskError } from '@hufu/os'
import { BrokerError } from '../errors.ts'
import { fill } from '../log/segment.ts'
import { demandOpen, type Engine } from './engine.ts'
import { syncNames } from './folder.ts'
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
    const whole = Number.POSITIVE_INFINITY
    const files = CHECKPOINTS.map((name) => ({ name, bytes: whole, optional: true }))
    for (const { path, base } of engine.log.segments.all) {
      const name = path.slice(engine.dir.length + 1)
      // One that is not begun yet holds nothing.
      if (base < end) files.push({ name, bytes: end - base, optional: false })
    }
    files.push({ name: 'manifest', bytes: whole, optional: false })
    let bytes = 0
    for (const file of files) {
      demandOpen(engine, `Cannot back up to ${to}`)
      bytes += await copyFile(engine, to, file)
    }
    await disk.syncDir(to)
    await syncNames(disk, resolve(to))
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

interface Source {
  name: string
  /** Copied from its begin; the rest of the file is zeros. */
  bytes: number
  /** May be missing. */
  optional: boolean
}

async function copyFile(
  engine: Engine,
  to: string,
  { name, bytes, optional }: Source,
): Promise<number> {
  const { disk } = engine.os
  let source: DiskFile
  try {
    source = await disk.open(`${engine.dir}/${name}`, { readOnly: true })
  } catch (error) {
    if (optional && isDiskError(error, 'ENOENT')) return 0
    throw error
  }
  const target = await disk.open(`${to}/${name}`, { create: true })
  try {
    const all = await source.size()
    const size = Math.min(bytes, all)
    const chunk = new Uint8Array(Math.min(COPY_BYTES, size))
    for (let at = 0; at < size; ) {
      const read = await source.read(chunk.subarray(0, Math.min(chunk.length, size - at)), at)
      if (read === 0) break
      await target.write(chunk.subarray(0, read), at)
      at += read
    }
    // Never shorter than it was laid out, which would look like damage.
    await fill(target, size, all)
    await target.sync()
    return size
  } finally {
    await source.close()
    await target.close()
  }
}
