import type { Applied } from './policies.ts'
import type { Policy } from './policy.ts'
import type { Overflow, QueueArguments, QueueType } from './queue-arguments.ts'

/** RabbitMQ's default for quorum queues; classic ones have no limit. */
const DELIVERY_LIMIT_QUORUM = 20

/** What holds for a queue in the end; what is missing is not limited, or not wanted. */
export interface QueueSettings {
  readonly type: QueueType
  readonly messageTtlMs: number | undefined
  readonly expiresMs: number | undefined
  readonly maxLength: number | undefined
  readonly maxLengthBytes: number | undefined
  readonly overflow: Overflow
  readonly deadLetterExchange: string | undefined
  readonly deadLetterRoutingKey: string | undefined
  readonly maxPriority: number | undefined
  readonly singleActiveConsumer: boolean
  readonly deliveryLimit: number | undefined
  readonly consumerTimeoutMs: number | undefined
}

/**
 * Arguments and policies put together: an argument wins over a policy, but of limits the smallest
 * holds, an operator's policy included.
 */
export function queueSettings(given: QueueArguments, applied: Applied): QueueSettings {
  const limit = (argument: number | undefined, name: string) => {
    return smallest([argument, setting(applied.policy, name), setting(applied.operator, name)])
  }
  const text = (argument: string | undefined, name: string) => {
    return argument ?? setting<string>(applied.policy, name)
  }
  return {
    type: given.type,
    messageTtlMs: limit(given.messageTtlMs, 'message-ttl'),
    expiresMs: limit(given.expiresMs, 'expires'),
    maxLength: limit(given.maxLength, 'max-length'),
    maxLengthBytes: limit(given.maxLengthBytes, 'max-length-bytes'),
    overflow: given.overflow ?? setting<Overflow>(applied.policy, 'overflow') ?? 'drop-head',
    deadLetterExchange: text(given.deadLetterExchange, 'dead-letter-exchange'),
    deadLetterRoutingKey: text(given.deadLetterRoutingKey, 'dead-letter-routing-key'),
    maxPriority: given.maxPriority,
    singleActiveConsumer: given.singleActiveConsumer ?? false,
    deliveryLimit: deliveryLimit(given, applied),
    consumerTimeoutMs: limit(given.consumerTimeoutMs, 'consumer-timeout'),
  }
}

/** The alternate exchange that a policy gives an exchange. */
export function alternateSetting(applied: Applied): string | undefined {
  return setting<string>(applied.policy, 'alternate-exchange')
}

/** Where one of them is negative, it asks for no limit, and the others count. */
function deliveryLimit(given: QueueArguments, { policy, operator }: Applied): number | undefined {
  const asked = [
    given.deliveryLimit,
    setting<number>(policy, 'delivery-limit'),
    setting<number>(operator, 'delivery-limit'),
  ]
  const limit = smallest(asked.filter((each) => each === undefined || each >= 0))
  if (limit !== undefined || given.type === 'classic') return limit
  return asked.some((each) => each !== undefined) ? undefined : DELIVERY_LIMIT_QUORUM
}

function setting<T = number>(policy: Policy | undefined, name: string): T | undefined {
  return policy?.definition[name] as T | undefined
}

function smallest(values: readonly (number | undefined)[]): number | undefined {
  const given = values.filter((each) => each !== undefined)
  return given.length === 0 ? undefined : Math.min(...given)
}
