import type { Transport } from 'hufu'
import type { EmbeddedTransport } from 'hufu/transports/embedded'
import { reach } from '../run/crash-points.ts'

type Prepared = NonNullable<Transport['prepared']>
type Handle = Parameters<Prepared['decide']>[0]
type Answer = Awaited<ReturnType<Parameters<Prepared['answerChecks']>[1]>>

/**
 * The same transport with crash points round the local transaction. `asked` is told what the
 * broker gets for an answer, before it gets it.
 */
export function watchedTransport(
  transport: EmbeddedTransport,
  asked: (handle: Handle, answer: Answer) => Promise<void>,
): Transport {
  const { name, flags, prepared } = transport
  return {
    name,
    flags,
    open: () => transport.open(),
    declare: (event, groups) => transport.declare(event, groups),
    publish: (batch) => transport.publish(batch),
    subscribe: (request) => transport.subscribe(request),
    close: () => transport.close(),
    prepared: {
      async prepare(message, terms) {
        const outcome = await prepared.prepare(message, terms)
        if (outcome.ok) reach('half')
        return outcome
      },
      decide(handle, outcome) {
        if (outcome === 'commit') reach('commit')
        return prepared.decide(handle, outcome)
      },
      answerChecks: (group, answer) =>
        prepared.answerChecks(group, async (handle) => {
          const word = await answer(handle)
          await asked(handle, word)
          return word
        }),
    },
  }
}
