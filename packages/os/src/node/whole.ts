import type { FileHandle } from 'node:fs/promises'

/** Reads until `target` is full or the file ends; returns the bytes read. */
export async function readWhole(
  handle: Pick<FileHandle, 'read'>,
  target: Uint8Array,
  position: number,
): Promise<number> {
  let done = 0
  while (done < target.length) {
    const { bytesRead } = await handle.read(target, done, target.length - done, position + done)
    if (bytesRead === 0) break
    done += bytesRead
  }
  return done
}

/** Writes all of `bytes`: a full disk first shortens a write and refuses only the next one. */
export async function writeWhole(
  handle: Pick<FileHandle, 'write'>,
  bytes: Uint8Array,
  position: number,
): Promise<void> {
  let done = 0
  while (done < bytes.length) {
    const left = bytes.length - done
    const { bytesWritten } = await handle.write(bytes, done, left, position + done)
    if (bytesWritten === 0) throw nothingTaken(left, position + done)
    done += bytesWritten
  }
}

function nothingTaken(length: number, position: number): Error {
  const text = `the system took none of ${length} bytes at ${position}`
  return Object.assign(new Error(text), { code: 'EIO' })
}
