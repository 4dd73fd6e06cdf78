import type { TransactionDefinition } from '../kinds/definition.ts'
import type { SagaPlan } from '../kinds/saga-plan.ts'
import { type LocalWork, localParticipant } from '../participants/local.ts'
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
      const made = typeof doer === 'function' ? ownParticipant(store, doer) : doer
      participants.set(`${branch} ${op}`, made)
    }
  }
  return {
    ...{ kind, name, hash, plan, logic, schema },
    participant: (branch: string, op: Op) => participants.get(`${branch} ${op}`)!,
    refusalLasts: (branch, op) => refusalLasts(definition, branch, op),
    timeoutMs: (branch) => branches.get(branch)!.timeoutMs,
    results: (state: AnyState) => definition.results(logic.results(plan, state)),
    ...(kind === 'msg' && { fence: fenceIn(store) }),
  }
}

/**
 * In the store that has the transaction's row, its own id names it: the barrier's rows stay as long
 * as that is open.
 */
function ownParticipant<Tx, Foreign>(store: Store<Tx, Foreign>, work: LocalWork<Tx>): Participant {
  const { kind, call } = localParticipant(store, work)
  return { kind, call: (request) => call({ ...request, gid: request.id }) }
}

/** Of what is still to be decided; later a person may have it tried again. */
function refusalLasts<Tx>({ kind, plan }: AnyDefinition<Tx>, branch: string, op: Op): boolean {
  if (kind === 'tcc') return op === 'try'
  if (kind !== 'saga' || op !== 'action') return false
  return (plan as SagaPlan).steps.find(({ name }) => name === branch)?.kind !== 'retry'
}
