/** The shortest wait, ms. */
const SHORTEST_MS = 128

/** The longest: what is delayed longer waits several times, ms (24.8 days). */
export const LONGEST_MS = 2 ** 31

/**
 * The wait that a delay is given, ms: eight of them between a time and its double, so that a
 * message comes late by at most an eighth, or 16 ms (128 ms below 128), and few queues do for all
 * delays.
 */
export function rungOf(delayMs: number): number {
  if (delayMs <= SHORTEST_MS) return SHORTEST_MS
  if (delayMs >= LONGEST_MS) return LONGEST_MS
  const step = 2 ** (Math.floor(Math.log2(delayMs)) - 3)
  return Math.ceil(delayMs / step) * step
}
