import assert from 'node:assert/strict'
import type { FileHandle } from 'node:fs/promises'
import { test } from 'node:test'
import { readWhole, writeWhole } from './whole.ts'

/** A file in memory that takes and gives at most `most[n]` bytes in its nth call, then 0. */
function reluctant(content: Uint8Array, most: number[]) {
  const move = (count: number) => Math.min(count, most.shift() ?? 0)
  const handle = {
    async write(bytes: Uint8Array, offset: number, length: number, position: number) {
      const bytesWritten = move(length)
      content.set(bytes.subarray(offset, offset + bytesWritten), position)
      return { bytesWritten }
    },
    async read(target: Uint8Array, offset: number, length: number, position: number) {
      const bytesRead = move(Math.min(length, content.length - position))
      target.set(content.subarray(position, position + bytesRead), offset)
      return { bytesRead }
    },
  }
  return handle as unknown as FileHandle
}

test('a short write is carried on where it stopped', async () => {
  const content = new Uint8Array(8)
  await writeWhole(reluctant(content, [1, 3, 9]), Uint8Array.of(1, 2, 3, 4, 5, 6), 1)
  assert.deepEqual([...content], [0, 1, 2, 3, 4, 5, 6, 0])
})

test('a write of which nothing is taken fails instead of going on for ever', async () => {
  const handle = reluctant(new Uint8Array(8), [2])
  await assert.rejects(writeWhole(handle, new Uint8Array(6), 1), {
    code: 'EIO',
    message: 'the system took none of 4 bytes at 3',
  })
})

test('a short read is carried on until the target is full or the file ends', async () => {
  const content = Uint8Array.of(1, 2, 3, 4, 5, 6)
  const full = new Uint8Array(4)
  assert.equal(await readWhole(reluctant(content, [1, 2, 3]), full, 1), 4)
  assert.deepEqual([...full], [2, 3, 4, 5])
  assert.equal(await readWhole(reluctant(content, [9, 9, 9]), new Uint8Array(9), 4), 2)
})
