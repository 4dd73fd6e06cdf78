import { type Duration, durationMs } from '../duration.ts'
import { HufuError } from '../errors.ts'

/** How this process takes part in coordinating the global transactions of its store. */
export interface CoordinatorSettings {
  /**
   * When this process is gone, others take over its transactions after this time. Default 8 s, from
   * 1 s.
   */
  readonly lease?: Duration
  /** How often it is looked for what others left and what has become due. Default 500 ms. */
  readonly poll?: Duration
  /** Transactions in hand at a time; a new one beyond it is refused with `BUSY`. Default 20,000. */
  readonly runningMax?: number
}

/** How this process coordinates. All times in ms. */
export interface CoordinatorOptions {
  /** When this process is gone, others take over its transactions after this time. */
  readonly leaseMs: number
  /** How often it is looked for transactions that others left or that have become due. */
  readonly pollMs: number
  /** What has longer to wait is given back and not kept in memory. */
  readonly holdMs: number
  /** Inputs and states in hand, bytes of JSON; beyond it nothing more is claimed or begun. */
  readonly bytesMax: number
  /** Calls of participants at a time; more wait, their time not yet running. */
  readonly callsMax: number
  /** Transactions in hand; a new one beyond it is refused with `BUSY`. */
  readonly runningMax: number
  /** Claimed at a time. */
  readonly claimMax: number
  /**
   * With so many calls under way, or so many states to be stored, only `busyClaim` are claimed at a
   * time, and once in `pollMs`.
   */
  readonly busyCalls: number
  readonly busySaves: number
  readonly busyClaim: number
}

export const COORDINATOR: CoordinatorOptions = {
  callsMax: 512,
  bytesMax: 256 << 20,
  leaseMs: 8_000,
  pollMs: 500,
  holdMs: 60_000,
  runningMax: 20_000,
  claimMax: 128,
  busyCalls: 1_000,
  busySaves: 128,
  busyClaim: 50,
}

const LEASE_MS_MIN = 1_000

export function coordinatorOptions(settings: CoordinatorSettings): CoordinatorOptions {
  const leaseMs = durationMs(settings.lease ?? COORDINATOR.leaseMs, 'coordinator.lease')
  const pollMs = durationMs(settings.poll ?? COORDINATOR.pollMs, 'coordinator.poll')
  const { runningMax = COORDINATOR.runningMax } = settings
  const doing = 'Making Hufu'
  if (leaseMs < LEASE_MS_MIN) {
    throw new HufuError('ARGUMENT', `${doing}: coordinator.lease is below ${LEASE_MS_MIN} ms`)
  }
  if (!Number.isInteger(runningMax) || runningMax < 1) {
    throw new HufuError('ARGUMENT', `${doing}: coordinator.runningMax is no number from 1`)
  }
  return { ...COORDINATOR, leaseMs, pollMs, runningMax }
}
