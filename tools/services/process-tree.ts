import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * SIGKILL to a process and all below it, whatever groups and sessions they made. The top one is
 * stopped first, so that it neither starts others nor cleans up. Returns their ids.
 */
export function killTree(top: number): number[] {
  signal(top, 'SIGSTOP')
  const pids = [top, ...descendants(top)]
  for (const pid of pids) signal(pid, 'SIGKILL')
  return pids
}

/** Waits until none of them runs. One that ended and waits for its parent's look is gone. */
export async function untilGone(pids: readonly number[], withinMs: number): Promise<boolean> {
  const end = Date.now() + withinMs
  while (pids.some(isRunning)) {
    if (Date.now() > end) return false
    await sleep(5)
  }
  return true
}

/** True when a process of this id is there, also one of another user. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Ids of all processes below this one. */
export function descendants(top: number): number[] {
  const parents = parentOfEach()
  const found = [top]
  for (const pid of found) {
    for (const [child, parent] of parents) if (parent === pid) found.push(child)
  }
  return found.slice(1)
}

const HAS_PROC = existsSync('/proc/self/stat')

function parentOfEach(): [child: number, parent: number][] {
  if (!HAS_PROC) {
    const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).split('\n')
    return lines.map((line) => line.trim().split(/\s+/).map(Number) as [number, number])
  }
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.flatMap((pid) => {
    const parent = statOf(Number(pid))?.parent
    return parent === undefined ? [] : [[Number(pid), parent] as [number, number]]
  })
}

function isRunning(pid: number): boolean {
  if (!HAS_PROC) return isAlive(pid)
  const state = statOf(pid)?.state
  if (state === undefined) return false
  return !'ZX'.includes(state) || threadsOf(pid) > 1
}

/** Files and ports stay open until the last thread has ended, even when the first one has. */
function threadsOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/task`).length
  } catch {
    return 0
  }
}

/** `pid (name) state parent …`; the name may hold anything, also brackets. */
function statOf(pid: number): { state: string; parent: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state = '', parent] = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { state, parent: Number(parent) }
  } catch {
    return undefined
  }
}
