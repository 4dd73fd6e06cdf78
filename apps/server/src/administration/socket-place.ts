import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

/** A Unix socket's path may have so many bytes; some systems take 4 more. */
const PATH_BYTES_MAX = 103

/** In the data folder. */
const SOCKET = 'admin.sock'

/** In the data folder, where its path is too long for a socket: says where that is. */
const POINTER = 'admin.sock.at'

/** Where a server of this data folder listens, if one does. */
export function socketOf(dir: string): string {
  const path = resolve(dir, SOCKET)
  if (fits(path)) return path
  try {
    return readFileSync(join(dir, POINTER), 'utf8').trim()
  } catch {
    return path
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
  rmSync(path, { force: true })
  if (fits(resolve(dir, SOCKET)) || !fits(path)) return
  rmSync(dirname(path), { recursive: true, force: true })
  rmSync(join(dir, POINTER), { force: true })
}

function fits(path: string): boolean {
  return Buffer.byteLength(path) <= PATH_BYTES_MAX
}
