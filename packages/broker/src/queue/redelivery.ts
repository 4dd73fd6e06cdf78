/** The growth of the time between two deliveries of one row. */
export interface RetryDelays {
  /** After the first attempt, in milliseconds. */
  firstMs: number
  /** At most, in milliseconds. */
  capMs: number
}

/** Beyond this many doublings any first delay is above any cap. */
const MOST_DOUBLINGS = 1000

/**
 * How long a row waits after `attempts` deliveries that failed: `firstMs`, doubled for each further
 * attempt, at most `capMs`. No jitter.
 * @throws RangeError when `attempts` is below 1
 */
export function retryDelayMs(attempts: number, delays: RetryDelays): number {
  if (!(attempts >= 1)) throw new RangeError(`Computing a retry delay: attempts is ${attempts}`)
  const doublings = Math.min(attempts - 1, MOST_DOUBLINGS)
  return Math.min(delays.capMs, delays.firstMs * 2 ** doublings)
}

/**
 * What follows when `attempts` deliveries have failed.
 * @param maxAttempts deliveries allowed, the first included; 0 = no limit
 */
export function nextStep(attempts: number, maxAttempts: number): 'retry' | 'give-up' {
  return maxAttempts === 0 || attempts < maxAttempts ? 'retry' : 'give-up'
}
