import { constants } from 'node:fs'
import * as fs from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Disk, type DiskError, type DiskFile, isDiskError, type OpenOptions } from '../disk.ts'
import { takeLock } from './lock.ts'
import { readWhole, writeWhole } from './whole.ts'

/** 0 where the system has no such flag (Windows); then each durable write is followed by a sync. */
const O_DSYNC = constants.O_DSYNC ?? 0

/**
 * The file system, with `O_DSYNC` where there is one: write and sync in one trip to the thread
 * pool.
 */
export const nodeDisk: Disk = {
  makeDir,
  async list(path) {
    return (await fs.readdir(path)).sort()
  },
  async open(path, options = {}) {
    const syncAfterWrite = options.durable === true && O_DSYNC === 0
    return openFile(path, await fs.open(path, openFlags(options), 0o644), syncAfterWrite)
  },
  rename: (from, to) => fs.rename(from, to),
  remove: (path) => fs.unlink(path),
  async syncDir(path) {
    const handle = await fs.open(path, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  },
  async freeBytes(path) {
    const stat = await fs.statfs(path)
    return stat.bavail * stat.bsize
  },
  lock: async (path) => takeLock(path),
}

/** Not `mkdir` with `recursive`: on a read-only file system that one answers `ENOENT`. */
async function makeDir(path: string): Promise<void> {
  try {
    await makeOneDir(path)
  } catch (error) {
    if (!isDiskError(error, 'ENOENT') || dirname(path) === path) throw error
    await makeDir(dirname(path))
    await makeOneDir(path)
  }
}

async function makeOneDir(path: string): Promise<void> {
  try {
    await fs.mkdir(path)
  } catch (error) {
    const stat = await fs.stat(path).catch(() => undefined)
    if (!stat?.isDirectory()) throw error
  }
}

function openFlags(options: OpenOptions): number {
  if (options.readOnly) return constants.O_RDONLY
  let flags = constants.O_RDWR
  if (options.create) flags |= constants.O_CREAT | constants.O_EXCL
  if (options.durable) flags |= O_DSYNC
  return flags
}

function openFile(path: string, handle: fs.FileHandle, syncAfterWrite: boolean): DiskFile {
  const failed = (verb: string) => (cause: unknown) => {
    throw namedError(`Cannot ${verb} ${path}`, cause)
  }
  return {
    path,
    size: async () => (await handle.stat().catch(failed('look at'))).size,
    read: (target, position) => readWhole(handle, target, position).catch(failed('read')),
    async write(bytes, position) {
      await writeWhole(handle, bytes, position).catch(failed('write'))
      if (syncAfterWrite) await handle.datasync().catch(failed('sync'))
    },
    sync: () => handle.datasync().catch(failed('sync')),
    close: () => handle.close().catch(failed('close')),
  }
}

/** The system's error of an open file does not say which file it was. */
function namedError(tried: string, cause: unknown): DiskError {
  const error = new Error(`${tried}: ${cause instanceof Error ? cause.message : cause}`, { cause })
  return Object.assign(error, { code: isDiskError(cause) ? cause.code : 'EIO' })
}
