/** How this process coordinates. All times in ms. */
export interface CoordinatorOptions {
  /** When this process is gone, others take over its transactions after this time. */
  readonly leaseMs: number
  /** How often it is looked for transactions that others left or that have become due. */
  readonly pollMs: number
  /** What has longer to wait is given back and not kept in memory. */
  readonly holdMs: number
  /** Transactions in hand; a new one beyond it is refused with `BUSY`. */
  readonly runningMax: number
  /** Claimed at a time. */
  readonly claimMax: number
}

export const COORDINATOR: CoordinatorOptions = {
  leaseMs: 8_000,
  pollMs: 500,
  holdMs: 60_000,
  runningMax: 20_000,
  claimMax: 500,
}
