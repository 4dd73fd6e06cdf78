import type { QueueOptions } from '../../options.ts'
import type { QueueArguments } from '../../routing/queue-arguments.ts'

const OVERFLOW = {
  'drop-head': 'drop-head',
  'reject-publish': 'reject',
  'reject-publish-dlx': 'reject-dead-letter',
} as const

/** What shall live longer lives so long, ms: 400 days, the core's limit. */
export const LIFE_MS_MAX = 400 * 86_400_000

/** What a queue's arguments mean to the core: attempts are the client's matter there. */
export function coreOptions(given: QueueArguments): QueueOptions {
  const { messageTtlMs, maxLength, maxLengthBytes, overflow, maxPriority } = given
  const singleActive = given.singleActiveConsumer === true
  return {
    ...{ maxAttempts: 0, routeDeadLetters: true, singleActive },
    ...(messageTtlMs !== undefined && { messageExpiresMs: Math.min(messageTtlMs, LIFE_MS_MAX) }),
    ...(maxLength !== undefined && { maxReady: maxLength }),
    ...(maxLengthBytes !== undefined && { maxReadyBytes: maxLengthBytes }),
    ...(overflow !== undefined && { overflow: OVERFLOW[overflow] }),
    ...(maxPriority !== undefined && { maxPriority }),
  }
}
