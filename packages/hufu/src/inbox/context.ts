import type { Runtime } from '../service/runtime.ts'
import type { Message } from './message.ts'
import type { ConsumeContext } from './options.ts'
import type { Policy } from './policy.ts'
import type { Run } from './run.ts'

/** Default of a handler's time, ms; the store's own limit holds for strong handlers. */
export const HANDLER_MS = 5_000

export function contextOf<Tx>(
  runtime: Runtime<Tx>,
  message: Message,
  policy: Policy,
  run: Run,
): ConsumeContext {
  const { event, group, id, key, attempts, headers } = message
  const deadline = runtime.os.clock.now() + (policy.timeoutMs ?? HANDLER_MS)
  return {
    event,
    group,
    id,
    key,
    attempt: attempts + 1,
    headers,
    get signal() {
      return run.signal
    },
    deadline,
  }
}
