import type { QueueOptions } from '../../options.ts'
import type { QueueArguments } from '../../routing/queue-arguments.ts'

const OVERFLOW = {
  'drop-head': 'drop-head',
  'reject-publish': 'reject',
  'reject-publish-dlx': 'reject-dead-letter',
} as const

/** What a queue's arguments mean to the core: attempts are the client's matter there. */
export function coreOptions(given: QueueArguments): QueueOptions {
  const { messageTtlMs, maxLength, maxLengthBytes, overflow, maxPriority } = given
  return {
    ...{ maxAttempts: 0, routeDeadLetters: true },
    ...(messageTtlMs !== undefined && { messageExpiresMs: messageTtlMs }),
    ...(maxLength !== undefined && { maxReady: maxLength }),
    ...(maxLengthBytes !== undefined && { maxReadyBytes: maxLengthBytes }),
    ...(overflow !== undefined && { overflow: OVERFLOW[overflow] }),
    ...(maxPriority !== undefined && { maxPriority }),
  }
}
