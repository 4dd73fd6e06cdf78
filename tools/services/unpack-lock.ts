import { readlinkSync, rmSync, symlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { isAlive } from './process-tree.ts'

const WAIT_MS = 600_000

/**
 * Runs `work` while no other process does, as a link at `lock` says, which points to the owner's
 * process id: so lock and owner appear in one step. It only saves double work: when two find the
 * link of a dead process at once, both may get it.
 */
export async function underLock(lock: string, work: () => Promise<void>): Promise<void> {
  const end = Date.now() + WAIT_MS
  while (!tryTake(lock)) {
    const owner = ownerOf(lock)
    if (owner !== undefined && !isAlive(owner)) rmSync(lock, { force: true })
    else if (Date.now() < end) await sleep(100)
    else throw new Error(`Cannot take ${lock}: process ${owner} has it for 10 minutes`)
  }
  try {
    await work()
  } finally {
    rmSync(lock, { force: true })
  }
}

function tryTake(lock: string): boolean {
  try {
    symlinkSync(String(process.pid), lock)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Undefined when it was let go of meanwhile. */
function ownerOf(lock: string): number | undefined {
  try {
    return Number(readlinkSync(lock))
  } catch {
    return undefined
  }
}
