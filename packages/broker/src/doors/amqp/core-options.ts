import type { QueueOptions } from '../../options.ts'
import type { QueueArguments } from '../../routing/queue-arguments.ts'

/** What a queue's arguments mean to the core: attempts are the client's matter there. */
export function coreOptions({ messageTtlMs }: QueueArguments): QueueOptions {
  return {
    ...{ maxAttempts: 0, routeDeadLetters: true },
    ...(messageTtlMs !== undefined && { messageExpiresMs: messageTtlMs }),
  }
}
