import { dirname } from 'node:path'
import { type Disk, isDiskError } from '@hufu/os'

/** The folder's name, and those above that were made with it, survive a power cut from now on. */
export async function syncNames(disk: Disk, dir: string): Promise<void> {
  for (let path = dir; dirname(path) !== path; path = dirname(path)) {
    await disk.syncDir(dirname(path)).catch((error) => {
      // Not to be opened by this user, so not made by it either.
      if (!isDiskError(error, 'EACCES') && !isDiskError(error, 'EPERM')) throw error
    })
  }
}
