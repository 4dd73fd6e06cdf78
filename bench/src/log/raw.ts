import { closeSync, constants, fdatasyncSync, openSync, unlinkSync, writeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'

/** Large enough that a write of any case is a small part of it. */
const FILE_BYTES = 64 << 20

/** The writes come from so much memory, as the log's do: its cache of the newest groups. */
const BUFFERS_BYTES = 16 << 20

/**
 * What the disk alone can do: writes of this size per second, one at a time, asynchronous, with
 * `O_DSYNC` into a laid out file that is written over and over. The log can never be faster.
 */
export async function rawWritesPerSecond(
  dir: string,
  bytes: number,
  seconds: number,
): Promise<number> {
  const path = join(dir, 'raw')
  layOut(path)
  const file = await open(path, constants.O_RDWR | constants.O_DSYNC)
  const buffers = prebuilt(bytes)
  let count = 0
  let at = 0
  const started = performance.now()
  while (performance.now() - started < seconds * 1_000) {
    if (at + bytes > FILE_BYTES) at = 0
    await file.write(buffers[count % buffers.length]!, 0, bytes, at)
    at += bytes
    count++
  }
  const elapsed = (performance.now() - started) / 1_000
  await file.close()
  unlinkSync(path)
  return count / elapsed
}

function prebuilt(bytes: number): Buffer[] {
  const count = Math.max(1, Math.min(1_000, Math.floor(BUFFERS_BYTES / bytes)))
  return Array.from({ length: count }, () => Buffer.alloc(bytes, 7))
}

function layOut(path: string): void {
  const descriptor = openSync(path, 'w')
  const zeros = Buffer.alloc(1 << 20)
  for (let at = 0; at < FILE_BYTES; at += zeros.length) writeSync(descriptor, zeros)
  fdatasyncSync(descriptor)
  closeSync(descriptor)
}
