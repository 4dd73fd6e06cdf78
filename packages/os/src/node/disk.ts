import { constants } from 'node:fs'
import * as fs from 'node:fs/promises'
import type { Disk, DiskFile, OpenOptions } from '../disk.ts'
import { takeLock } from './lock.ts'
import { readWhole, writeWhole } from './whole.ts'

/** 0 where the system has no such flag (Windows); then each durable write is followed by a sync. */
const O_DSYNC = constants.O_DSYNC ?? 0

/**
 * The file system, with `O_DSYNC` where there is one: write and sync in one trip to the thread
 * pool.
 */
export const nodeDisk: Disk = {
  async makeDir(path) {
    await fs.mkdir(path, { recursive: true })
  },
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

function openFlags(options: OpenOptions): number {
  if (options.readOnly) return constants.O_RDONLY
  let flags = constants.O_RDWR
  if (options.create) flags |= constants.O_CREAT | constants.O_EXCL
  if (options.durable) flags |= O_DSYNC
  return flags
}

function openFile(path: string, handle: fs.FileHandle, syncAfterWrite: boolean): DiskFile {
  return {
    path,
    size: async () => (await handle.stat()).size,
    read: (target, position) => readWhole(handle, target, position),
    async write(bytes, position) {
      await writeWhole(handle, bytes, position)
      if (syncAfterWrite) await handle.datasync()
    },
    sync: () => handle.datasync(),
    close: () => handle.close(),
  }
}
