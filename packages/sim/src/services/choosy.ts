import type { Transport } from 'hufu'
import type { Dice } from '../plan/dice.ts'

type PublishOutcome = Awaited<ReturnType<Transport['publish']>>[number]

type Prepared = NonNullable<Transport['prepared']>
type Answer = 'commit' | 'rollback' | 'unknown'

const REFUSED = { ok: false, code: 'QUEUE_FULL', cause: 'by chance', retriable: true } as const

/**
 * The transport, refusing some of what it is given, and losing some of its answers: such a message
 * is stored although its sender hears that it is not.
 */
export function choosy(
  real: Transport,
  refusals: number,
  dice: Dice,
  healed: () => boolean,
  told: (transactionId: string, answer: Answer) => void,
): Transport {
  let calls = 0
  const rolled = (id: string) => (healed() ? 1 : dice.of('refuse', id, calls))
  return {
    name: real.name,
    flags: real.flags,
    open: () => real.open(),
    declare: (event, groups) => real.declare(event, groups),
    subscribe: (request) => real.subscribe(request),
    close: () => real.close(),
    ...(real.prepared && { prepared: heard(real.prepared, told) }),
    async publish(batch) {
      calls++
      const rolls = batch.map(({ id }) => rolled(id))
      const passed = await real.publish(batch.filter((_, at) => rolls[at]! >= refusals / 2))
      return rolls.map((roll): PublishOutcome => {
        if (roll < refusals / 2) return REFUSED
        const outcome = passed.shift()!
        return roll < refusals ? REFUSED : outcome
      })
    },
  }
}

/** Tells what a service answers when the broker asks. */
function heard(real: Prepared, told: (transactionId: string, answer: Answer) => void): Prepared {
  return {
    prepare: (message, terms) => real.prepare(message, terms),
    decide: (handle, outcome) => real.decide(handle, outcome),
    answerChecks: (group, answer) => {
      return real.answerChecks(group, async (handle) => {
        const word = await answer(handle)
        told(handle.transactionId, word)
        return word
      })
    },
  }
}
