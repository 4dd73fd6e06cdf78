import { wrongArgument, wrongTypeOfName } from './argument-checks.ts'
import { RoutingError } from './errors.ts'
import type { Arguments } from './fields.ts'
import { stringUnder } from './fields.ts'

/** Both are the one durable queue; the type decides defaults, and which arguments are allowed. */
export type QueueType = 'classic' | 'quorum'

/** What happens to a message for a full queue. */
export type Overflow = 'drop-head' | 'reject-publish' | 'reject-publish-dlx'

/** What a declaration may ask of a queue; what it does not mention is missing. */
export interface QueueArguments {
  readonly type: QueueType
  /** Messages expire after this many milliseconds; 0 = unless a consumer takes them at once. */
  readonly messageTtlMs?: number
  /** The queue goes after so many milliseconds without use. */
  readonly expiresMs?: number
  /** Ready messages. */
  readonly maxLength?: number
  /** Bodies of ready messages, bytes. */
  readonly maxLengthBytes?: number
  readonly overflow?: Overflow
  readonly deadLetterExchange?: string
  /** Without it, dead letters keep their routing keys. */
  readonly deadLetterRoutingKey?: string
  /** Priorities 0 to this are kept apart, at most 255. */
  readonly maxPriority?: number
  readonly singleActiveConsumer?: boolean
  /** Redeliveries before a message is dead-lettered; negative = no limit. */
  readonly deliveryLimit?: number
  readonly consumerTimeoutMs?: number
}

/** The properties of a declaration that decide which type of queue it may be. */
export interface QueueProperties {
  /** Empty = the server gives a name. */
  readonly name: string
  readonly durable: boolean
  readonly exclusive: boolean
  readonly autoDelete: boolean
}

/** In the order in which RabbitMQ looks at them. */
const ALL = [
  ...['x-queue-type', 'x-expires', 'x-message-ttl', 'x-dead-letter-exchange'],
  ...['x-dead-letter-routing-key', 'x-dead-letter-strategy', 'x-max-length'],
  ...['x-max-length-bytes', 'x-max-in-memory-length', 'x-max-in-memory-bytes', 'x-max-priority'],
  ...['x-overflow', 'x-queue-mode', 'x-queue-version', 'x-single-active-consumer'],
  ...['x-delivery-limit', 'x-quorum-initial-group-size', 'x-quorum-target-group-size'],
  ...['x-queue-leader-locator', 'x-queue-master-locator'],
]

const CLASSIC_ONLY = ['x-max-priority', 'x-queue-mode', 'x-queue-version', 'x-queue-master-locator']

const QUORUM_ONLY = [
  ...['x-dead-letter-strategy', 'x-max-in-memory-length', 'x-max-in-memory-bytes'],
  ...['x-quorum-initial-group-size', 'x-quorum-target-group-size'],
]

const KNOWN: Readonly<Record<QueueType, readonly string[]>> = {
  classic: ALL.filter((name) => !QUORUM_ONLY.includes(name)),
  quorum: ALL.filter((name) => !CLASSIC_ONLY.includes(name)),
}

const OF_STREAMS = [
  ...['x-max-age', 'x-stream-max-segment-size-bytes', 'x-stream-filter-size-bytes'],
  'x-initial-cluster-size',
]

/** The arguments that a type of queue knows; others are kept, and mean nothing. */
export function argumentsKnown(type: QueueType): readonly string[] {
  return KNOWN[type]
}

export function queueTypeOf(table: Arguments): QueueType {
  return stringUnder(table, 'x-queue-type') === 'quorum' ? 'quorum' : 'classic'
}

/**
 * The arguments of a declaration, checked. Unlike RabbitMQ's, a classic queue may have
 * `x-delivery-limit`.
 * @throws RoutingError `argument`, in RabbitMQ's words
 */
export function queueArguments(
  vhost: string,
  queue: QueueProperties,
  table: Arguments,
): QueueArguments {
  const named = `queue '${queue.name}' in vhost '${vhost}'`
  check(named, 'x-queue-type', table)
  const type = queueTypeOf(table)
  const wrongType = wrongTypeOfName('x-dead-letter-exchange', table)
  if (wrongType !== undefined) throw new RoutingError('argument', `${wrongType} in ${named}`)
  for (const name of [...KNOWN[type], 'x-consumer-timeout']) check(named, name, table)
  const foreign = new Set([...ALL, ...OF_STREAMS])
  for (const name of KNOWN[type]) foreign.delete(name)
  for (const name of table.keys()) {
    if (foreign.has(name)) throw invalid(`arg '${name}'`, `${named} of queue type ${MODULES[type]}`)
  }
  if (type === 'quorum') checkQuorum(named, queue)
  return read(type, table)
}

/** RabbitMQ names the type so in its texts. */
const MODULES: Readonly<Record<QueueType, string>> = {
  classic: 'rabbit_classic_queue',
  quorum: 'rabbit_quorum_queue',
}

function check(named: string, name: string, table: Arguments): void {
  const wrong = wrongArgument(name, table)
  if (wrong !== undefined) throw invalid(`arg '${name}'`, `${named}: ${wrong}`)
}

function checkQuorum(named: string, queue: QueueProperties): void {
  if (queue.name === '') {
    const text = `Cannot declare a server-named queue for type ${MODULES.quorum}`
    throw new RoutingError('argument', text)
  }
  if (queue.autoDelete) throw invalid("property 'auto-delete'", named)
  if (queue.exclusive) throw invalid("property 'exclusive-owner'", named)
  if (!queue.durable) throw invalid("property 'non-durable'", named)
}

function invalid(what: string, where: string): RoutingError {
  return new RoutingError('argument', `invalid ${what} for ${where}`)
}

const FIELDS = [
  ['messageTtlMs', 'x-message-ttl'],
  ['expiresMs', 'x-expires'],
  ['maxLength', 'x-max-length'],
  ['maxLengthBytes', 'x-max-length-bytes'],
  ['overflow', 'x-overflow'],
  ['deadLetterExchange', 'x-dead-letter-exchange'],
  ['deadLetterRoutingKey', 'x-dead-letter-routing-key'],
  ['maxPriority', 'x-max-priority'],
  ['singleActiveConsumer', 'x-single-active-consumer'],
  ['deliveryLimit', 'x-delivery-limit'],
  ['consumerTimeoutMs', 'x-consumer-timeout'],
] as const satisfies readonly (readonly [keyof QueueArguments, string])[]

/** Types and values are checked already. */
function read(type: QueueType, table: Arguments): QueueArguments {
  const given = FIELDS.flatMap(([field, name]) => {
    const value = table.get(name)?.value
    if (value === undefined) return []
    return [[field, typeof value === 'bigint' ? Number(value) : value] as const]
  })
  return { type, ...(Object.fromEntries(given) as Omit<QueueArguments, 'type'>) }
}
