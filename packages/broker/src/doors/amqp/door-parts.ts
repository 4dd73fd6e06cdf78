import type { Os } from '@hufu/os'
import type { Broker, Delivery, Subscription } from '../../api.ts'
import type { AmqpQueue } from './amqp-queue.ts'
import type { Replies } from './replies.ts'
import type { VirtualHost } from './virtual-host.ts'

/** Who may log in, and where. */
export interface Gatekeeper {
  login(given: {
    readonly user: string
    /** Undefined: the certificate has said it. */
    readonly password: string | undefined
    readonly loopback: boolean
  }): Promise<boolean>
  mayEnter(user: string, vhost: string): boolean
  /** `what`: of RabbitMQ's three permissions. */
  may(user: string, vhost: string, what: 'configure' | 'write' | 'read', name: string): boolean
}

/** What all connections of a door share. */
export interface DoorParts {
  readonly os: Os
  readonly broker: Broker
  readonly users: Gatekeeper
  readonly product: string
  readonly version: string
  /** Largest body, bytes. */
  readonly messageBytesMax: number
  readonly replies: Replies
  vhost(name: string): VirtualHost | undefined
  subscribe(
    queue: AmqpQueue,
    credit: number,
    priority: number,
    onDeliveries: (batch: Delivery[]) => void,
  ): Subscription
  warn(text: string): void
}
