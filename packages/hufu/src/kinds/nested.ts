import { HufuError } from '../errors.ts'
import { fail } from '../outcome.ts'
import type { ParticipantRequest } from '../ports/participant.ts'
import { check, type StandardSchema } from '../schema.ts'
import type { BranchDefinition } from './definition.ts'
import { type Doer, grouped } from './participant.ts'
import type { SagaStep } from './saga-plan.ts'

/** A saga without pivot and tail, whose steps become those of the saga around it. */
export interface Nestable<Tx> {
  readonly schema: StandardSchema
  readonly plan: { readonly steps: readonly SagaStep[] }
  readonly branches: ReadonlyMap<string, BranchDefinition<Tx>>
}

/** The nested saga's input, from that of the saga around it and what was returned before. */
export type NestedInput = (input: never, results: never) => unknown

/** Its steps, each named `name/step`, the first of them after `after`. */
export function nestedSteps(
  name: string,
  { plan }: Nestable<never>,
  after: readonly string[],
): SagaStep[] {
  if (plan.steps.some(({ kind }) => kind === 'pivot' || kind === 'retry')) {
    const text = 'what has a pivot or a tail cannot be undone, so it cannot be nested'
    throw new HufuError('ARGUMENT', `Nesting ${name}: ${text}`)
  }
  const within = (step: string) => `${name}/${step}`
  return plan.steps.map((step) => {
    const before = step.after.length === 0 ? after : step.after.map(within)
    return { ...step, name: within(step.name), after: before }
  })
}

export function nestedBranches<Tx>(
  name: string,
  { schema, branches }: Nestable<Tx>,
  inputOf: NestedInput,
): [string, BranchDefinition<Tx>][] {
  const inner = (request: ParticipantRequest) => innerRequest(request, name, schema, inputOf)
  return [...branches].map(([step, branch]): [string, BranchDefinition<Tx>] => {
    const ops = Object.entries(branch.does)
    const does = Object.fromEntries(ops.map(([op, doer]) => [op, nestedDoer(doer, inner)]))
    return [`${name}/${step}`, { does, timeoutMs: branch.timeoutMs }]
  })
}

type InnerRequest = (request: ParticipantRequest) => Promise<ParticipantRequest>

function nestedDoer<Tx>(doer: Doer<Tx>, inner: InnerRequest): Doer<Tx> {
  if (typeof doer === 'function') {
    return async (tx, request, result) => doer(tx, await inner(request), result)
  }
  return {
    kind: doer.kind,
    call: async (request: ParticipantRequest) => doer.call(await inner(request)),
  }
}

/** The request as the nested saga's own steps know it. */
async function innerRequest(
  request: ParticipantRequest,
  name: string,
  schema: StandardSchema,
  inputOf: NestedInput,
): Promise<ParticipantRequest> {
  const prefix = `${name}/`
  const given = inputOf(request.input as never, grouped(request.results) as never)
  const checked = await check(schema, given)
  if ('issues' in checked) throw fail('INPUT_INVALID', `${name}: ${checked.issues}`)
  const own = Object.entries(request.results).filter(([step]) => step.startsWith(prefix))
  const results = Object.fromEntries(own.map(([step, of]) => [step.slice(prefix.length), of]))
  return { ...request, input: checked.value, results }
}
