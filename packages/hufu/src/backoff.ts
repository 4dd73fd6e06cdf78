import type { Random } from '@hufu/os'

export interface Backoff {
  readonly firstMs: number
  readonly capMs: number
  readonly jitter: boolean
}

/**
 * The delay after the n-th failure (from 1), ms: `firstMs`, doubling, at most `capMs`. With jitter
 * it is drawn from its upper half, so that what failed together does not come back together.
 */
export function backoffMs(failures: number, backoff: Backoff, random: Random): number {
  const doubled = backoff.firstMs * 2 ** Math.min(failures - 1, 40)
  const delay = Math.min(doubled, backoff.capMs)
  return Math.round(backoff.jitter ? delay * (0.5 + random.next() / 2) : delay)
}
