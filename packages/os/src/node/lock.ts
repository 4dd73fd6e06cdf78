import { accessSync, constants, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { DiskError, DiskLock } from '../disk.ts'

/** SQLite's code for "somebody else holds a lock". */
const SQLITE_BUSY = 5

/** With a journal on disk a lock could not be taken on a full disk, and a kill would leave it. */
const LOCK = 'PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE'

/** Keeps held locks from the garbage collector, which would close, so release, them. */
const held = new Set<DatabaseSync>()

/**
 * A lock that tells the truth after `kill -9`: SQLite holds a record lock of the operating system
 * on the file, which ends with the process. A file with a process id in it would lie after a crash,
 * and Node has no `flock`. The note beside it (`.owner`) only words the error. While the lock is
 * held the process must not open the lock file otherwise: closing it would end the lock (POSIX).
 */
export function takeLock(path: string): DiskLock {
  let database: DatabaseSync | undefined
  try {
    mustBeWritable(path)
    database = new DatabaseSync(path)
    database.exec(LOCK)
  } catch (error) {
    database?.close()
    throw lockError(path, error)
  }
  held.add(database)
  writeNote(path)
  return { release: () => release(database) }
}

/** On a file that it may only read, SQLite would take a lock that excludes nobody. */
function mustBeWritable(path: string): void {
  accessSync(`${dirname(path)}/.`, constants.W_OK)
  if (existsSync(path)) accessSync(path, constants.W_OK)
}

function release(database: DatabaseSync): void {
  if (held.delete(database)) database.close()
}

function noteOf(path: string): string {
  return `${path}.owner`
}

function writeNote(path: string): void {
  try {
    writeFileSync(noteOf(path), `process ${process.pid}\n`)
  } catch {
    // A full disk; the lock holds without its note.
  }
}

function lockError(path: string, cause: unknown): DiskError {
  if (property(cause, 'errcode') === SQLITE_BUSY) {
    const text = `Cannot lock ${path}: ${ownerOf(path)} holds it`
    return Object.assign(new Error(text, { cause }), { code: 'LOCKED' })
  }
  const code = property(cause, 'errcode') === undefined ? property(cause, 'code') : undefined
  const text = `Cannot lock ${path}: ${cause instanceof Error ? cause.message : String(cause)}`
  return Object.assign(new Error(text, { cause }), {
    code: typeof code === 'string' ? code : 'EIO',
  })
}

function property(of: unknown, name: 'code' | 'errcode'): unknown {
  return typeof of === 'object' && of !== null ? Reflect.get(of, name) : undefined
}

function ownerOf(path: string): string {
  try {
    const note = readFileSync(noteOf(path), 'utf8').trim()
    if (note === '') return 'another process'
    return note === `process ${process.pid}` ? `${note} (this one)` : note
  } catch {
    return 'another process'
  }
}
