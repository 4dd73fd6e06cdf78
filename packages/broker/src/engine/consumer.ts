import type { Delivery } from '../api.ts'
import type { EngineQueue } from './engine-queue.ts'

/** A subscription from the engine's side. */
export interface Consumer {
  readonly number: number
  readonly queue: EngineQueue
  readonly keyOrder: boolean
  credit: number
  /** Ids delivered to it and not settled. */
  readonly unsettled: Set<number>
  /** Those who wait for one delivery each, whatever the credit. */
  readonly pulls: ((delivery: Delivery | undefined) => void)[]
  /** Collected in the running pump, handed over at its end. */
  batch: Delivery[]
  readonly onDeliveries: (batch: Delivery[]) => void
  closed: boolean
}

/** So many more deliveries it can have. */
export function freeOf({ closed, credit, unsettled, pulls }: Consumer): number {
  return closed ? 0 : Math.max(0, credit - unsettled.size) + pulls.length
}

/** Nothing more can be had now. */
export function answerPulls({ pulls }: Consumer): void {
  for (const answer of pulls.splice(0)) answer(undefined)
}
