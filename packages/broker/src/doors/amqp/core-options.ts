import type { QueueOptions } from '../../options.ts'
import type { QueueSettings } from '../../routing/settings.ts'

const OVERFLOW = {
  'drop-head': 'drop-head',
  'reject-publish': 'reject',
  'reject-publish-dlx': 'reject-dead-letter',
} as const

/** What shall live longer lives so long, ms: 400 days, the core's limit. */
export const LIFE_MS_MAX = 400 * 86_400_000

/** Deliveries are counted where they are limited, and in quorum queues: clients are told. */
export function countsDeliveries({ type, deliveryLimit }: QueueSettings): boolean {
  return deliveryLimit !== undefined || type === 'quorum'
}

/** What holds for a queue, as the core has it. */
export function coreOptions(settings: QueueSettings): QueueOptions {
  const { messageTtlMs, maxLength, maxLengthBytes, maxPriority, deliveryLimit } = settings
  return {
    countRequeues: countsDeliveries(settings),
    // The first delivery is none of those that the limit is about.
    maxAttempts: deliveryLimit === undefined ? 0 : deliveryLimit + 1,
    routeDeadLetters: true,
    singleActive: settings.singleActiveConsumer,
    weighBodies: true,
    overflow: OVERFLOW[settings.overflow],
    ...(messageTtlMs !== undefined && { messageExpiresMs: Math.min(messageTtlMs, LIFE_MS_MAX) }),
    ...(maxLength !== undefined && { maxReady: maxLength }),
    ...(maxLengthBytes !== undefined && { maxReadyBytes: maxLengthBytes }),
    ...(maxPriority !== undefined && { maxPriority }),
  }
}

/** Those of them that a queue which is there can be given. */
export function changeableOptions(settings: QueueSettings): QueueOptions {
  const { singleActive, weighBodies, maxPriority, ...changeable } = coreOptions(settings)
  return changeable
}
