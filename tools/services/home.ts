import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** User and group that root lends to servers which refuse root: `nobody`, on every Unix. */
export const NOBODY = { uid: 65534, gid: 65534 }

export const isRoot = process.getuid?.() === 0

/**
 * Where servers and their data are kept: `.services/` in the repository. Where root runs the tests
 * in a folder closed to others, a server that runs as `nobody` could not get there: then a folder
 * in the system's one for temporary files.
 */
export function servicesHome(): string {
  const inside = join(import.meta.dirname, '../../.services')
  if (!isRoot || isOpen(dirname(inside))) return made(inside)
  const outside = made(join(tmpdir(), 'hufu-services'))
  const { uid } = lstatSync(outside)
  if (uid !== 0) throw new Error(`Cannot keep servers in ${outside}: it belongs to user ${uid}`)
  return outside
}

/** True when everybody may pass through the folder and all above it. */
function isOpen(folder: string): boolean {
  const passable = (statSync(folder).mode & 0o001) !== 0
  return passable && (dirname(folder) === folder || isOpen(dirname(folder)))
}

function made(folder: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  return folder
}

/**
 * A new folder in `home` for what one server or one download writes. The name carries this
 * process's id: folders of processes that are gone, as after `kill -9`, are removed by the way.
 */
export function newDataFolder(home: string, name: string): string {
  const data = made(join(home, 'data'))
  for (const each of readdirSync(data)) {
    if (!isAlive(Number(each.split('-')[1]))) removeFolder(join(data, each))
  }
  return mkdtempSync(join(data, `${name}-${process.pid}-`))
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
}

/** True when a process of this id is there, also one of another user. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
