import { readFileSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { DiskError, DiskLock } from '../disk.ts'

/**
 * A lock that tells the truth after `kill -9`: SQLite holds a record lock of the operating system on
 * the file, which ends with the process. A file with a process id in it would lie after a crash, and
 * Node has no `flock`. The note beside it only words the error.
 */
export function takeLock(path: string): DiskLock {
  const notePath = `${path}.owner`
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path)
    database.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE')
  } catch (error) {
    database?.close()
    throw lockError(path, notePath, error)
  }
  writeFileSync(notePath, `process ${process.pid}\n`)
  return { release: () => database.close() }
}

function lockError(path: string, notePath: string, cause: unknown): DiskError {
  const busy = /locked/.test(String(cause))
  const text = busy
    ? `Cannot lock ${path}: ${owner(notePath)} holds it`
    : `Cannot lock ${path}: ${cause instanceof Error ? cause.message : String(cause)}`
  return Object.assign(new Error(text, { cause }), { code: busy ? 'LOCKED' : 'EACCES' })
}

function owner(notePath: string): string {
  try {
    return readFileSync(notePath, 'utf8').trim()
  } catch {
    return 'another process'
  }
}
