import type { Arguments } from '../../routing/fields.ts'
import type { QueueArguments } from '../../routing/queue-arguments.ts'

/** What a queue tells those who consume from it. */
export interface QueueConsumer {
  /** The queue has been deleted. */
  queueGone(): void
}

/** What somebody declares. */
export interface QueueDeclaration {
  readonly name: string
  readonly durable: boolean
  readonly exclusive: boolean
  readonly autoDelete: boolean
  readonly arguments: Arguments
}

/** A queue as clients know it; its messages are in the core's queue of `coreName`. */
export class AmqpQueue {
  readonly declared: QueueDeclaration
  /** What its arguments say. */
  readonly settings: QueueArguments
  readonly coreName: string
  /** Number of the connection that alone may use it; 0: all may. */
  readonly owner: number
  readonly consumers = new Set<QueueConsumer>()
  /** One of them is to be the only one. */
  exclusiveConsumer = false
  /** Ends the wait for its own end; see `x-expires`. */
  cancelExpiry: () => void = () => undefined
  /** Somebody has consumed from it: only then can it be deleted for want of consumers. */
  consumed = false

  constructor(
    declared: QueueDeclaration,
    settings: QueueArguments,
    coreName: string,
    owner: number,
  ) {
    this.declared = declared
    this.settings = settings
    this.coreName = coreName
    this.owner = owner
  }

  get name(): string {
    return this.declared.name
  }
}

const PREFIX = 'amqp/'

/** Name of its queue in the core. */
export function coreNameOf(vhost: string, queue: string): string {
  return `${PREFIX}${encodeURIComponent(vhost)}/${queue}`
}
