import type { Duration } from '../duration.ts'
import { HufuError } from '../errors.ts'
import type { OutputOf, StandardSchema } from '../schema.ts'
import {
  type BranchDefinition,
  checkName,
  definitionHash,
  orderOf,
  type TransactionDefinition,
  withBranches,
} from './definition.ts'
import {
  type CallPlan,
  type CallRetryOptions,
  callPlan,
  callPlanOf,
  type DecisionOptions,
  deadlineOf,
} from './definition-options.ts'
import { type Do, doerOf, type End, enderOf, grouped } from './participant.ts'
import { tccKind } from './tcc.ts'
import type { TccBranch, TccPlan, TccState } from './tcc-run.ts'

/** `confirm` and `cancel` get what `try` returned. */
export interface TccBranchOptions<Tx, In, Results, Out, After extends keyof Results> {
  readonly try: Do<Tx, In, Pick<Results, After>, Out>
  readonly confirm: End<Tx, In, Pick<Results, After>, Out>
  /**
   * A function is never called for a `try` that had no effect; a participant may be, and must then
   * do nothing.
   */
  readonly cancel: End<Tx, In, Pick<Results, After>, Out>
  /** Branches that must be tried before. Default: none, all are tried at the same time. */
  readonly after?: readonly After[]
  readonly timeout?: Duration
  /** Of try. */
  readonly retry?: CallRetryOptions
  /** Of confirm and of cancel. */
  readonly insist?: CallRetryOptions
}

export interface TccDefinition<Tx, Schema extends StandardSchema, Results>
  extends TransactionDefinition<Tx, Schema, Results, TccPlan, TccState> {
  readonly kind: 'tcc'
}

export interface TccBranches<Tx, Schema extends StandardSchema, Results> {
  branch<const Name extends string, Out, After extends keyof Results = never>(
    name: Name,
    options: TccBranchOptions<Tx, OutputOf<Schema>, Results, Out, After>,
  ): TccBranches<Tx, Schema, Results & { [N in Name]: Out }>
  build(): TccDefinition<Tx, Schema, Results>
}

/**
 * Begins a TCC transaction: all branches are tried; then all are confirmed, or what was tried is
 * cancelled. Ends with `build()`. Errors: `ARGUMENT`, `LIMIT` (100 branches).
 */
export function tcc<Tx, Schema extends StandardSchema>(
  name: string,
  schema: Schema,
  options: DecisionOptions = {},
): TccBranches<Tx, Schema, Record<never, never>> {
  const what = `Defining the TCC ${name}`
  checkName(name, what)
  const deadlineMs = deadlineOf(options, what)
  const head: Head = { name, schema, what, deadlineMs, calls: callPlan(options, what) }
  const none = new Tcc<Tx>(head, [], new Map())
  return none as unknown as TccBranches<Tx, Schema, Record<never, never>>
}

interface Head {
  readonly name: string
  readonly schema: StandardSchema
  readonly what: string
  readonly deadlineMs: number | null
  readonly calls: CallPlan
}

type AnyBranch<Tx> = TccBranchOptions<Tx, unknown, Record<string, unknown>, unknown, string>

class Tcc<Tx> {
  readonly #head: Head
  readonly #order: readonly TccBranch[]
  readonly #branches: ReadonlyMap<string, BranchDefinition<Tx>>

  constructor(
    head: Head,
    order: readonly TccBranch[],
    branches: ReadonlyMap<string, BranchDefinition<Tx>>,
  ) {
    this.#head = head
    this.#order = order
    this.#branches = branches
  }

  branch(name: string, options: AnyBranch<Tx>): Tcc<Tx> {
    const { what, calls } = this.#head
    checkName(name, what)
    const { timeoutMs, retry, insist } = callPlanOf(options, calls, `${what}, branch ${name}`)
    const known = new Set(this.#branches.keys())
    const after = orderOf(options.after, [], known, `${what}, branch ${name}`)
    const { try: tries, confirm, cancel } = options
    const does = { try: doerOf(tries), confirm: enderOf(confirm), cancel: enderOf(cancel) }
    const branches = withBranches(this.#branches, [[name, { does, timeoutMs }]], what)
    return new Tcc(this.#head, [...this.#order, { name, after, retry, insist }], branches)
  }

  build(): TccDefinition<Tx, StandardSchema, unknown> {
    const { name, schema, what, deadlineMs } = this.#head
    if (this.#order.length === 0) throw new HufuError('ARGUMENT', `${what}: it has no branch`)
    const shape = this.#order.map(({ name, after }) => [name, after.toSorted()])
    return {
      ...{ kind: 'tcc', name, schema, logic: tccKind, results: grouped },
      plan: { branches: this.#order, deadlineMs },
      branches: this.#branches,
      hash: definitionHash('tcc', shape),
    }
  }
}
