import type { Os } from '@hufu/os'
import type { Broker } from '../../api.ts'
import type { Doorkeeper } from './door-limits.ts'
import type { EntryLimits } from './entry-limits.ts'
import type { Gate } from './gate.ts'
import type { Terms } from './negotiate.ts'
import type { PublishFlow } from './publish-flow.ts'
import type { Replies } from './replies.ts'
import type { VirtualHost } from './virtual-host.ts'

/** What all connections of a door share. */
export interface DoorParts {
  readonly os: Os
  readonly broker: Broker
  readonly gate: Gate
  readonly limits: EntryLimits
  readonly keeper: Doorkeeper
  /** What clients are offered. */
  readonly offered: Terms
  readonly product: string
  readonly version: string
  /** Largest body, bytes. */
  readonly messageBytesMax: number
  readonly replies: Replies
  readonly flow: PublishFlow
  vhost(name: string): VirtualHost | undefined
  warn(text: string): void
}
