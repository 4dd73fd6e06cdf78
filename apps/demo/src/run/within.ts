import { setTimeout as sleep } from 'node:timers/promises'

/** Waits for `promise`, but for at most `ms`. */
export async function within(ms: number, promise: Promise<unknown>): Promise<void> {
  await Promise.race([promise, sleep(ms, undefined, { ref: false })])
}
