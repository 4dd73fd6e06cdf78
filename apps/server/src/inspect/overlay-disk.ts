import { basename, dirname } from 'node:path'
import type { Disk, DiskFile, DiskLock, OpenOptions } from '@hufu/os'
import { isDiskError } from '@hufu/os'
import { diskError, OverlayFile } from './overlay-file.ts'

/**
 * A disk on which all can be changed and nothing is: files are read from the disk `under`, what is
 * written stays in memory. Only the lock is a real one.
 */
export class OverlayDisk implements Disk {
  readonly #under: Disk
  /** Files that were opened or made, by path; `undefined`: removed. */
  readonly #files = new Map<string, OverlayFile | undefined>()

  constructor(under: Disk) {
    this.#under = under
  }

  /** The folder must be there: none is made. */
  async makeDir(path: string): Promise<void> {
    await this.#under.list(path)
  }

  async list(path: string): Promise<string[]> {
    const names = new Set(await this.#under.list(path))
    for (const [file, content] of this.#files) {
      if (dirname(file) !== path) continue
      if (content) names.add(basename(file))
      else names.delete(basename(file))
    }
    return [...names].sort()
  }

  async open(path: string, { create, readOnly }: OpenOptions = {}): Promise<DiskFile> {
    const found = await this.#find(path)
    if (create && found) throw diskError('EEXIST', `Cannot make ${path}: it is there`)
    if (!create && !found) throw diskError('ENOENT', `Cannot open ${path}: there is no such file`)
    const file = found ?? new OverlayFile(path, undefined, 0)
    this.#files.set(path, file)
    return file.opened(readOnly === true)
  }

  async rename(from: string, to: string): Promise<void> {
    const file = await this.#find(from)
    if (!file) throw diskError('ENOENT', `Cannot rename ${from}: there is no such file`)
    await this.#files.get(to)?.close()
    this.#files.set(to, file)
    this.#files.set(from, undefined)
  }

  async remove(path: string): Promise<void> {
    const file = await this.#find(path)
    if (!file) throw diskError('ENOENT', `Cannot remove ${path}: there is no such file`)
    await file.close()
    this.#files.set(path, undefined)
  }

  async syncDir(): Promise<void> {}

  /** Memory is not counted. */
  async freeBytes(): Promise<number> {
    return Number.MAX_SAFE_INTEGER
  }

  /**
   * The real lock, where somebody could hold it: not without a lock file, which every owner makes,
   * and not on a file system on which nobody can write.
   */
  async lock(path: string): Promise<DiskLock> {
    const none = { release: () => undefined }
    if (!(await this.#under.list(dirname(path))).includes(basename(path))) return none
    try {
      return await this.#under.lock(path)
    } catch (error) {
      if (isDiskError(error, 'EROFS')) return none
      throw error
    }
  }

  /** Closes the real files. */
  async close(): Promise<void> {
    for (const file of this.#files.values()) await file?.close()
    this.#files.clear()
  }

  async #find(path: string): Promise<OverlayFile | undefined> {
    if (this.#files.has(path)) return this.#files.get(path)
    try {
      const under = await this.#under.open(path, { readOnly: true })
      const file = new OverlayFile(path, under, await under.size())
      this.#files.set(path, file)
      return file
    } catch (error) {
      if (isDiskError(error, 'ENOENT')) return undefined
      throw error
    }
  }
}
