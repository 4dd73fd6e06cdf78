/** Why routing refuses; a door translates it into its protocol's code. */
export type RoutingReason =
  /** No exchange of that name. */
  | 'exchange-unknown'
  /** An exchange of that name is there already. */
  | 'exchange-exists'
  /** No such type of exchange. */
  | 'exchange-type'
  /** No queue of that name. */
  | 'queue-unknown'
  /** The name is reserved (`amq.…`), or belongs to the broker. */
  | 'reserved'
  /** The default exchange cannot be declared, bound or deleted. */
  | 'default-exchange'
  /** Declared again with other properties or arguments. */
  | 'inequivalent'
  /** An argument has a wrong type or value. */
  | 'argument'
  /** A stated limit would be passed. */
  | 'limit'

/** What routing refused. The texts are those that RabbitMQ's clients know. */
export class RoutingError extends Error {
  readonly reason: RoutingReason
  constructor(reason: RoutingReason, message: string) {
    super(message)
    this.name = 'RoutingError'
    this.reason = reason
  }
}
