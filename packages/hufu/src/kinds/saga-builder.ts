import { durationMs } from '../duration.ts'
import { HufuError } from '../errors.ts'
import type { StandardSchema } from '../schema.ts'
import {
  type BranchDefinition,
  checkName,
  definitionHash,
  lastOf,
  orderOf,
  withBranches,
} from './definition.ts'
import {
  type CallPlan,
  callPlan,
  callPlanOf,
  type DecisionOptions,
  deadlineOf,
} from './definition-options.ts'
import { type Nestable, type NestedInput, nestedBranches, nestedSteps } from './nested.ts'
import { doerOf, enderOf, grouped } from './participant.ts'
import { sagaKind } from './saga.ts'
import type { SagaStep, StepKind } from './saga-plan.ts'
import type { DoOptions, SagaDefinition, SagaSteps, StepOptions } from './saga-types.ts'

/**
 * Begins a saga: steps that can be undone, then the pivot that decides, then what is repeated until
 * it is done. Ends with `build()`. Errors: `ARGUMENT`, `LIMIT` (100 steps).
 */
export function saga<Tx, Schema extends StandardSchema>(
  name: string,
  schema: Schema,
  options: DecisionOptions = {},
): SagaSteps<Tx, Schema, Record<never, never>> {
  const what = `Defining the saga ${name}`
  checkName(name, what)
  const head: Head = {
    ...{ name, schema, what, calls: callPlan(options, what) },
    deadlineMs: deadlineOf(options, what),
  }
  const parts: Parts<Tx> = { steps: [], branches: new Map(), ends: new Map(), base: undefined }
  // The class has every method; which of them may come next is what the types say.
  return new Saga<Tx>(head, parts) as unknown as SagaSteps<Tx, Schema, Record<never, never>>
}

interface Head {
  readonly name: string
  readonly schema: StandardSchema
  readonly what: string
  readonly calls: CallPlan
  readonly deadlineMs: number | null
}

interface Parts<Tx> {
  readonly steps: readonly SagaStep[]
  readonly branches: ReadonlyMap<string, BranchDefinition<Tx>>
  /** The last steps of what was given one name: a nested saga may have several. */
  readonly ends: ReadonlyMap<string, readonly string[]>
  /** In a group: what all of it comes after. */
  readonly base: readonly string[] | undefined
}

type AnyDo<Tx> = DoOptions<Tx, unknown, Record<string, unknown>, unknown, string>
type AnyStep<Tx> = StepOptions<Tx, unknown, Record<string, unknown>, unknown, string>

class Saga<Tx> {
  readonly #head: Head
  readonly #parts: Parts<Tx>

  constructor(head: Head, parts: Parts<Tx>) {
    this.#head = head
    this.#parts = parts
  }

  step(name: string, options: AnyStep<Tx>): Saga<Tx> {
    return this.#with(name, 'step', options)
  }

  query(name: string, options: AnyDo<Tx>): Saga<Tx> {
    return this.#with(name, 'query', options)
  }

  pivot(name: string, options: AnyDo<Tx>): Saga<Tx> {
    return this.#with(name, 'pivot', options)
  }

  retry(name: string, options: AnyDo<Tx>): Saga<Tx> {
    const { retry, ...rest } = options
    return this.#with(name, 'retry', retry === undefined ? rest : { ...rest, insist: retry })
  }

  nested(name: string, inner: Nestable<Tx>, input: NestedInput): Saga<Tx> {
    checkName(name, this.#head.what)
    const steps = nestedSteps(name, inner, this.#base)
    return this.#plus(name, steps, nestedBranches(name, inner, input), lastOf(steps))
  }

  parallel(group: (steps: Saga<Tx>) => Saga<Tx>): Saga<Tx> {
    const base = this.#base
    const { steps, branches, ends } = group(new Saga(this.#head, { ...this.#parts, base })).#parts
    return new Saga(this.#head, { steps, branches, ends, base: undefined })
  }

  build(): SagaDefinition<Tx, StandardSchema, unknown, boolean> {
    const { name, schema, what, deadlineMs } = this.#head
    const { steps, branches } = this.#parts
    if (steps.length === 0) throw new HufuError('ARGUMENT', `${what}: it has no step`)
    const shape = steps.map(({ name, kind, after, hasUndo }) => [
      name,
      kind,
      after.toSorted(),
      hasUndo,
    ])
    return {
      ...{ kind: 'saga', name, schema, branches, logic: sagaKind, results: grouped },
      plan: { steps, deadlineMs },
      hash: definitionHash('saga', shape),
      undoable: steps.every(({ kind }) => kind === 'step' || kind === 'query'),
    }
  }

  get #base(): readonly string[] {
    return this.#parts.base ?? lastOf(this.#parts.steps)
  }

  #with(name: string, kind: StepKind, options: AnyDo<Tx> & Partial<AnyStep<Tx>>): Saga<Tx> {
    const what = `${this.#head.what}, step ${name}`
    checkName(name, this.#head.what)
    const { timeoutMs, retry, insist } = callPlanOf(options, this.#head.calls, what)
    const { undo, undoAfter = 0 } = options
    const step: SagaStep = {
      ...{ name, kind, after: this.#after(options.after, what) },
      ...{ retry: kind === 'retry' ? insist : retry, undoRetry: insist },
      ...{ hasUndo: undo !== undefined, undoAfterMs: durationMs(undoAfter, `${what}, undoAfter`) },
    }
    return this.#plus(name, [step], [[name, branchOf(options, timeoutMs)]], [name])
  }

  #after(given: readonly string[] | undefined, what: string): readonly string[] {
    const { ends } = this.#parts
    const known = new Set(ends.keys())
    if (given === undefined) return this.#base
    return orderOf(given, [], known, what).flatMap((name) => ends.get(name)!)
  }

  #plus(
    name: string,
    steps: readonly SagaStep[],
    branches: Iterable<readonly [string, BranchDefinition<Tx>]>,
    ends: readonly string[],
  ): Saga<Tx> {
    const parts = this.#parts
    if (parts.ends.has(name)) {
      throw new HufuError('ARGUMENT', `${this.#head.what}: there are two named ${name}`)
    }
    return new Saga(this.#head, {
      steps: [...parts.steps, ...steps],
      branches: withBranches(parts.branches, branches, this.#head.what),
      ends: new Map([...parts.ends, [name, ends]]),
      base: parts.base,
    })
  }
}

function branchOf<Tx>(
  { do: action, undo }: AnyDo<Tx> & Partial<AnyStep<Tx>>,
  timeoutMs: number,
): BranchDefinition<Tx> {
  const does = {
    action: doerOf(action),
    ...(undo !== undefined && { compensate: enderOf(undo) }),
  }
  return { does, timeoutMs }
}
