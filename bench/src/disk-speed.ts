import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { median } from './statistics.ts'

const BLOCK = Buffer.alloc(4_096, 1)
const BLOCKS = 256

/** Median time of one 4 KiB overwrite and its sync in this folder, ms. */
export function syncMs(dir: string, forMs = 300): number {
  const path = join(dir, 'sync-speed')
  const file = openSync(path, 'w')
  try {
    writeSync(file, Buffer.alloc(BLOCKS * BLOCK.length))
    fdatasyncSync(file)
    const times: number[] = []
    const end = performance.now() + forMs
    for (let n = 0; performance.now() < end; n++) {
      const started = performance.now()
      writeSync(file, BLOCK, 0, BLOCK.length, (n % BLOCKS) * BLOCK.length)
      fdatasyncSync(file)
      times.push(performance.now() - started)
    }
    return median(times)
  } finally {
    closeSync(file)
    rmSync(path)
  }
}
