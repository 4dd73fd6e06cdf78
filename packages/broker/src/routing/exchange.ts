import { RoutingError } from './errors.ts'
import type { Arguments } from './fields.ts'
import { stringUnder, tableText } from './fields.ts'

/** How an exchange finds the bindings of a message. */
export type Matching = 'direct' | 'fanout' | 'topic' | 'headers'

/**
 * `x-delayed-message`: as the type named by its argument `x-delayed-type`, and the door holds
 * messages with an `x-delay` header back.
 */
export type ExchangeType = Matching | 'x-delayed-message'

export interface Exchange {
  readonly name: string
  readonly type: ExchangeType
  readonly durable: boolean
  /** It goes when its last binding goes; never if it had none. */
  readonly autoDelete: boolean
  /** Clients may not publish to it. */
  readonly internal: boolean
  readonly arguments: Arguments
}

export interface Destination {
  readonly kind: 'queue' | 'exchange'
  readonly name: string
}

/** One way a message may take from an exchange. Two with all the same are one. */
export interface Binding {
  /** The exchange it starts from. */
  readonly source: string
  readonly destination: Destination
  readonly key: string
  readonly arguments: Arguments
}

/** A text that two bindings share exactly when they are the same one. */
export function bindingId({ source, destination, key, arguments: table }: Binding): string {
  return JSON.stringify([source, destination.kind, destination.name, key, tableText(table)])
}

const MATCHINGS: readonly string[] = ['direct', 'fanout', 'topic', 'headers'] satisfies Matching[]

function isMatching(text: string | undefined): text is Matching {
  return text !== undefined && MATCHINGS.includes(text)
}

/**
 * The type that a declaration names.
 * @throws RoutingError `exchange-type`
 */
export function exchangeTypeOf(text: string): ExchangeType {
  if (isMatching(text) || text === 'x-delayed-message') return text
  throw new RoutingError('exchange-type', `unknown exchange type '${text}'`)
}

/** How the exchange matches; undefined when it does not say so. */
export function matchingOf(exchange: Pick<Exchange, 'type' | 'arguments'>): Matching | undefined {
  if (exchange.type !== 'x-delayed-message') return exchange.type
  const type = stringUnder(exchange.arguments, 'x-delayed-type')
  return isMatching(type) ? type : undefined
}

/** The exchanges that every virtual host has, and nobody may delete. */
export const PREDECLARED: readonly Exchange[] = [
  predeclared('', 'direct'),
  predeclared('amq.direct', 'direct'),
  predeclared('amq.fanout', 'fanout'),
  predeclared('amq.topic', 'topic'),
  predeclared('amq.headers', 'headers'),
  predeclared('amq.match', 'headers'),
  { ...predeclared('amq.rabbitmq.trace', 'topic'), internal: true },
]

function predeclared(name: string, type: Matching): Exchange {
  return { name, type, durable: true, autoDelete: false, internal: false, arguments: new Map() }
}
