import { lstatSync, mkdirSync, statSync } from 'node:fs'
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
