/** An error of the disk port. `code` is the system's own name of the error (`ENOSPC`, `EIO`, …). */
export interface DiskError extends Error {
  code: string
}

/** True when `error` comes from a disk port; with `code`, only when it carries that code. */
export function isDiskError(error: unknown, code?: string): error is DiskError {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string')
    return false
  return code === undefined || error.code === code
}

/** How a file is opened. */
export interface OpenOptions {
  /**
   * Create the file; fails with `EEXIST` where it already is. Default: it must exist (`ENOENT`).
   */
  create?: boolean
  /** Every write is on stable storage when it returns (`O_DSYNC`). Default false. */
  durable?: boolean
  /** Open for reading only. Default false. */
  readOnly?: boolean
}

/** An open file. Positions and lengths are bytes. Calls on one file may overlap. */
export interface DiskFile {
  readonly path: string
  /** Size of the file, bytes. */
  size(): Promise<number>
  /** Fills `target` from `position`; returns the bytes read, fewer only at the end of the file. */
  read(target: Uint8Array, position: number): Promise<number>
  /**
   * Writes all of `bytes` at `position`. With `durable`, they are on stable storage on return.
   * On an error an unknown part of them may have been written.
   */
  write(bytes: Uint8Array, position: number): Promise<void>
  /**
   * Puts everything written so far on stable storage (`fdatasync`). An error is final: never retry.
   */
  sync(): Promise<void>
  close(): Promise<void>
}

/** A held folder lock; the system itself lets go of it when the process ends, however it ends. */
export interface DiskLock {
  release(): void
}

/**
 * Files and folders. A new, renamed or removed name survives a power cut only after `syncDir` of
 * its folder. Every call rejects with a `DiskError`.
 */
export interface Disk {
  /** Makes the folder and its missing parents; no error when it is there. */
  makeDir(path: string): Promise<void>
  /** Names in the folder, sorted; `ENOENT` when there is none. */
  list(path: string): Promise<string[]>
  open(path: string, options?: OpenOptions): Promise<DiskFile>
  /** Replaces `to` when it is there. */
  rename(from: string, to: string): Promise<void>
  remove(path: string): Promise<void>
  syncDir(path: string): Promise<void>
  /** Bytes an ordinary user may still write on the file system that holds `path`. */
  freeBytes(path: string): Promise<number>
  /**
   * Takes the lock file at `path`, held until `release` or the end of the process. Rejects with
   * code `LOCKED` while any process, this one included, holds it; the message names it.
   */
  lock(path: string): Promise<DiskLock>
}
