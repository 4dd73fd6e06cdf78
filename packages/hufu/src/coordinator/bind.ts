import type { TransactionDefinition } from '../kinds/definition.ts'
import { localParticipant } from '../participants/local.ts'
import type { Op, Participant } from '../ports/participant.ts'
import type { Store } from '../ports/store.ts'
import type { AnyState, Definition } from './definition.ts'
import { fenceIn } from './message.ts'

// biome-ignore lint/suspicious/noExplicitAny: the coordinator is untyped inside
type AnyDefinition<Tx> = TransactionDefinition<Tx, any, any, any, any>

/** A definition whose functions work in transactions of `store`. */
export function bind<Tx, Foreign>(
  definition: AnyDefinition<Tx>,
  store: Store<Tx, Foreign>,
): Definition {
  const { kind, name, hash, plan, logic, schema, branches } = definition
  const participants = new Map<string, Participant>()
  for (const [branch, { does }] of branches) {
    for (const [op, doer] of Object.entries(does)) {
      const made = typeof doer === 'function' ? localParticipant(store, doer) : doer
      participants.set(`${branch} ${op}`, made)
    }
  }
  return {
    ...{ kind, name, hash, plan, logic, schema },
    participant: (branch: string, op: Op) => participants.get(`${branch} ${op}`)!,
    timeoutMs: (branch) => branches.get(branch)!.timeoutMs,
    results: (state: AnyState) => definition.results(logic.results(plan, state)),
    ...(kind === 'msg' && { fence: fenceIn(store) }),
  }
}
