import type { FrameWriter } from '@hufu/wire/amqp091'
import type { Budget } from './budget.ts'
import type { DoorParts } from './door-parts.ts'
import type { Terms } from './negotiate.ts'
import type { Pressure } from './pressure.ts'
import type { TurnShare } from './turn-share.ts'
import type { VirtualHost } from './virtual-host.ts'

/** What channels know of their connection. */
export interface ChannelHost {
  /** Of the connection. */
  readonly number: number
  readonly parts: DoorParts
  readonly vhost: VirtualHost
  readonly user: string
  readonly terms: Terms
  /** Those that the client has named. */
  readonly capabilities: ReadonlySet<string>
  /** The socket takes no more for now: nothing is to be delivered. */
  readonly congested: boolean
  /** The connection is over. */
  readonly gone: boolean
  readonly out: FrameWriter
  /** Enough waits to be sent, or was done in this turn: nothing more is to be begun. */
  readonly full: boolean
  /** For contents that are not whole yet. */
  readonly contents: Budget
  /** What waits behind methods, and when nothing more is read. */
  readonly pressure: Pressure
  /** Of the turn: work that may have taken its time is told to it. */
  readonly share: TurnShare
  /** Something is to be sent, or to be done at the end of this turn. */
  changed(): void
  /** A channel has nothing under way any more. */
  idle(): void
  /** Something was published, and waits to be handed over to the core. */
  published(): void
  /** Nothing more is read or begun, for what was published is too much for now. */
  hold(): void
  release(): void
  /** The core has refused what must not fail: the connection ends. */
  lost(error: unknown): void
}
