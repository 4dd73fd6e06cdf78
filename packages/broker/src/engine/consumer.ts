import type { Delivery } from '../api.ts'
import type { EngineQueue } from './state.ts'

/** A subscription from the engine's side. */
export interface Consumer {
  readonly number: number
  readonly queue: EngineQueue
  readonly keyOrder: boolean
  credit: number
  /** Ids delivered to it and not settled. */
  readonly unsettled: Set<number>
  /** Collected in the running pump, handed over at its end. */
  batch: Delivery[]
  readonly onDeliveries: (batch: Delivery[]) => void
  closed: boolean
}

/** Room for more deliveries. */
export function hasCredit(consumer: Consumer): boolean {
  return !consumer.closed && consumer.unsettled.size < consumer.credit
}
