import type { Op, Participant, ParticipantRequest } from '../ports/participant.ts'
import type { StandardSchema } from '../schema.ts'
import type { BranchDefinition } from './definition.ts'
import type { Doer } from './participant.ts'

/** What a function of a step would be given to write with. */
export interface FakeTx {
  readonly log: string[]
}

/** A schema that takes any object. */
export function shape<T extends object>(): StandardSchema<T, T> {
  return schemaOf((value) => typeof value === 'object' && value !== null)
}

export function schemaOf<T>(accepts: (value: unknown) => boolean): StandardSchema<T, T> {
  return {
    '~standard': {
      version: 1,
      vendor: 'fixture',
      validate: (value) => {
        return accepts(value) ? { value: value as T } : { issues: [{ message: 'not accepted' }] }
      },
    },
  }
}

export function request(given: Partial<ParticipantRequest>): ParticipantRequest {
  return {
    ...{ id: 'g1', kind: 'saga', name: 'order', branch: 'a', op: 'action', attempt: 1 },
    ...{ input: {}, result: undefined, results: {}, headers: {} },
    signal: new AbortController().signal,
    ...given,
  }
}

type Definition = { readonly branches: ReadonlyMap<string, BranchDefinition<FakeTx>> }

/** Runs the function of a branch. */
export async function run(
  definition: Definition,
  branch: string,
  op: Op,
  given: Partial<ParticipantRequest>,
  log: string[] = [],
): Promise<unknown> {
  const doer = definition.branches.get(branch)!.does[op]!
  const asked = request({ branch, op, ...given })
  return isWork(doer) ? doer({ log }, asked, asked.result) : doer.call(asked)
}

function isWork<Tx>(doer: Doer<Tx>): doer is Exclude<Doer<Tx>, Participant> {
  return typeof doer === 'function'
}

/** A participant elsewhere that says whom it was asked for. */
export function remote<In, Out>(answer: Out): Participant<In, Out> & { asked: unknown[] } {
  const asked: unknown[] = []
  return {
    kind: 'remote',
    asked,
    call: async ({ branch, op, input }) => {
      asked.push({ branch, op, input })
      return answer
    },
  }
}
