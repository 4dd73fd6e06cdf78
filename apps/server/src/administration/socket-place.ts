import { mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

/** A Unix socket's path may have so many bytes; some systems take 4 more. */
const PATH_BYTES_MAX = 103

/** In the data folder. */
const SOCKET = 'admin.sock'

/** In the data folder, where its path is too long for a socket: says where that is. */
const POINTER = 'admin.sock.at'

/** Where a server of this data folder listens, if one does; undefined: none can. */
export function socketOf(dir: string): string | undefined {
  const path = resolve(dir, SOCKET)
  if (fits(path)) return path
  try {
    return readFileSync(join(dir, POINTER), 'utf8').trim()
  } catch {
    return undefined
  }
}

/** A place for the socket; what a former life has left there is gone. */
export function newPlace(dir: string): string {
  removePlace(dir)
  const path = resolve(dir, SOCKET)
  if (fits(path)) return path
  const short = join(mkdtempSync(join(tmpdir(), 'hufu-')), SOCKET)
  if (!fits(short)) throw new Error(`${path} is too long for a socket, ${short} too`)
  writeFileSync(join(dir, POINTER), `${short}\n`, { mode: 0o600 })
  return short
}

export function removePlace(dir: string): void {
  const path = socketOf(dir)
  if (path === undefined) return
  rmSync(path, { force: true })
  if (fits(resolve(dir, SOCKET))) return
  removeEmptied(dirname(path))
  rmSync(join(dir, POINTER), { force: true })
}

/** With something else in it the folder is none of ours. */
function removeEmptied(folder: string): void {
  try {
    rmdirSync(folder)
  } catch {
    // It is not there any more, or not empty.
  }
}

function fits(path: string): boolean {
  return Buffer.byteLength(path) <= PATH_BYTES_MAX
}
