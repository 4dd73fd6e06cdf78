import type { Delivery } from '../api.ts'
import type { EngineQueue } from './engine-queue.ts'

/** A subscription from the engine's side. */
export interface Consumer {
  readonly number: number
  readonly queue: EngineQueue
  readonly keyOrder: boolean
  readonly priority: number
  readonly exclusive: boolean
  /** It wants to be pushed to; false when it only pulls, or has left. */
  wants: boolean
  /** It is pushed to; of a queue with a single active consumer one at a time. */
  active: boolean
  readonly onActive: () => void
  credit: number
  /** Ids delivered to it and not settled. */
  readonly unsettled: Set<number>
  /** Those who wait for one delivery each, whatever the credit. */
  readonly pulls: ((delivery: Delivery | undefined) => void)[]
  /** It reads what it is given during the call, from the broker's memory. */
  readonly views: boolean
  /** Collected in the running pump, handed over at its end. */
  batch: Delivery[]
  readonly onDeliveries: (batch: Delivery[]) => void
  closed: boolean
}

/** So many more deliveries it can have. */
export function freeOf({ closed, active, credit, unsettled, pulls }: Consumer): number {
  if (closed) return 0
  return (active ? Math.max(0, credit - unsettled.size) : 0) + pulls.length
}

/** Nothing more can be had now. */
export function answerPulls({ pulls }: Consumer): void {
  for (const answer of pulls.splice(0)) answer(undefined)
}
