/**
 * Where a worker ends itself when it is told to: when a half message is stored and its local
 * transaction has not begun; when that is committed and the second word is not yet said.
 */
export const CRASH_POINTS = ['half', 'commit'] as const

export type CrashPoint = (typeof CRASH_POINTS)[number]

let dieAt: CrashPoint | undefined

/** From now on the process ends at the point, the next time it comes there. */
export function setCrashPoint(point: CrashPoint): void {
  dieAt = point
}

/** `kill -9` of this process, if it was told so. */
export function reach(point: CrashPoint): void {
  if (point === dieAt) process.kill(process.pid, 'SIGKILL')
}
