import type { Clock } from '@hufu/os'

/** A server gets so long to agree to the end of something, ms. */
export const CLOSE_MS = 3_000

/** Resolves when `work` has ended, however, or after `CLOSE_MS`: then with false. */
export async function inTime(clock: Clock, work: Promise<unknown>): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>()
  const timer = clock.timer(CLOSE_MS, () => resolve(false))
  const ended = work.then(
    () => true,
    () => true,
  )
  const result = await Promise.race([ended, late])
  timer.cancel()
  return result
}
