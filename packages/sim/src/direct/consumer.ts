import type { Broker, Peeked, PublishRequest, Subscription } from '@hufu/broker'
import type { MessageStep } from '../plan/step.ts'
import type { Copy, Group, Sent } from './copy.ts'
import type { DirectModel, Now } from './model.ts'
import type { RecordModel } from './record-model.ts'

/** A subscription and whose it is. */
export interface Consumer {
  readonly number: number
  readonly queue: string
  readonly life: number
  readonly subscription: Subscription
  closed: boolean
}

/** Deliveries that one consumer has and has said nothing of. */
export interface Held {
  readonly consumer: Consumer
  readonly held: readonly { readonly copy: Copy; readonly id: number }[]
}

/** What batches, half messages and others need of the workload that they are part of. */
export interface Sender {
  readonly model: DirectModel
  readonly records: { readonly model: RecordModel }
  /** Nothing fails by chance any more. */
  readonly healed: boolean
  now(): Now
  /** A message, known to the model, and the request that publishes it. */
  message(step: MessageStep, token: string, group?: Group): { sent: Sent; request: PublishRequest }
  /** Up to `count` deliveries that one consumer holds; undefined when nobody holds any. */
  heldBy(count: number): Held | undefined
  /** All that is in it; undefined when the process ended, or the disk failed to read. */
  contentsOf(broker: Broker): Promise<Peeked[] | undefined>
  /** The code of an error that a promise of the broker may end with; others are a violation. */
  expected(doing: string, error: unknown): string
}
