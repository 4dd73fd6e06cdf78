import type { Arguments } from '../../routing/fields.ts'
import type { QueueArguments } from '../../routing/queue-arguments.ts'
import type { QueueSettings } from '../../routing/settings.ts'
import { AmqpError } from './amqp-error.ts'

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
  readonly given: QueueArguments
  /** What holds: its arguments and the policies that apply to it. */
  settings: QueueSettings
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
    given: QueueArguments,
    settings: QueueSettings,
    coreName: string,
    owner: number,
  ) {
    this.declared = declared
    this.given = given
    this.settings = settings
    this.coreName = coreName
    this.owner = owner
  }

  get name(): string {
    return this.declared.name
  }

  /** It is to be there after a restart. */
  get lasts(): boolean {
    return this.declared.durable && !this.declared.exclusive
  }
}

/** Another connection has it for itself. */
export function locked(vhost: string, name: string): AmqpError {
  const where = `exclusive access to locked queue '${name}' in vhost '${vhost}'`
  const why = 'It could be originally declared on another connection or the exclusive property'
  const text = `${why} value does not match that of the original declaration.`
  return new AmqpError(405, `cannot obtain ${where}. ${text}`)
}

const PREFIX = 'amqp/'

/** Name of its queue in the core. */
export function coreNameOf(vhost: string, queue: string): string {
  return `${PREFIX}${encodeURIComponent(vhost)}/${queue}`
}
