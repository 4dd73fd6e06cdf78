import { type Duration, durationMs } from '../duration.ts'
import { HufuError } from '../errors.ts'
import type { OutputOf, StandardSchema } from '../schema.ts'
import {
  type BranchDefinition,
  checkName,
  definitionHash,
  lastOf,
  orderOf,
  type TransactionDefinition,
  withBranches,
} from './definition.ts'
import {
  type CallOptions,
  type CallPlan,
  type CallRetryOptions,
  callPlan,
  callPlanOf,
} from './definition-options.ts'
import { messageKind } from './message.ts'
import type { MessageBranch, MessagePlan, MessageState } from './message-run.ts'
import { type Do, doerOf, grouped } from './participant.ts'

export interface MessageOptions extends Pick<CallOptions, 'timeout'> {
  /** Of every branch. Default 60 calls, 200 ms to 60 s. */
  readonly retry?: CallRetryOptions
  readonly check?: CheckOptions
}

/** How the word of the local transaction is asked for when it does not come. */
export interface CheckOptions {
  /** From the beginning until the first asking. Default 6 s. */
  readonly after?: Duration
  /** Between an asking without a word and the next. Default 30 s. */
  readonly every?: Duration
  /** Askings without a word; then it is parked. Default 15. */
  readonly max?: number
}

export interface MessageBranchOptions<Tx, In, Results, Out, After extends keyof Results> {
  readonly do: Do<Tx, In, Pick<Results, After>, Out>
  /** Branches that must be done before; `[]`: none. Default: all before it. */
  readonly after?: readonly After[]
  readonly timeout?: Duration
  readonly retry?: CallRetryOptions
}

export interface MessageDefinition<Tx, Schema extends StandardSchema, Results>
  extends TransactionDefinition<Tx, Schema, Results, MessagePlan, MessageState> {
  readonly kind: 'msg'
}

export interface MessageBranches<Tx, Schema extends StandardSchema, Results> {
  to<const Name extends string, Out, After extends keyof Results = keyof Results>(
    name: Name,
    options: MessageBranchOptions<Tx, OutputOf<Schema>, Results, Out, After>,
  ): MessageBranches<Tx, Schema, Results & { [N in Name]: Out }>
  build(): MessageDefinition<Tx, Schema, Results>
}

/**
 * Begins a two-phase message: once the local transaction is committed, its branches are called
 * until all are done. Ends with `build()`. Errors: `ARGUMENT`, `LIMIT` (100 branches).
 */
export function message<Tx, Schema extends StandardSchema>(
  name: string,
  schema: Schema,
  options: MessageOptions = {},
): MessageBranches<Tx, Schema, Record<never, never>> {
  const what = `Defining the message ${name}`
  checkName(name, what)
  const { timeout, retry, check = {} } = options
  const given = { ...(timeout !== undefined && { timeout }), ...(retry && { insist: retry }) }
  const calls = callPlan(given, what)
  const head: Head = { name, schema, what, calls, check: checkPlan(check, what) }
  const none = new Message<Tx>(head, [], new Map())
  return none as unknown as MessageBranches<Tx, Schema, Record<never, never>>
}

interface Head {
  readonly name: string
  readonly schema: StandardSchema
  readonly what: string
  readonly calls: CallPlan
  readonly check: Omit<MessagePlan, 'branches'>
}

type AnyBranch<Tx> = MessageBranchOptions<Tx, unknown, Record<string, unknown>, unknown, string>

class Message<Tx> {
  readonly #head: Head
  readonly #order: readonly MessageBranch[]
  readonly #branches: ReadonlyMap<string, BranchDefinition<Tx>>

  constructor(
    head: Head,
    order: readonly MessageBranch[],
    branches: ReadonlyMap<string, BranchDefinition<Tx>>,
  ) {
    this.#head = head
    this.#order = order
    this.#branches = branches
  }

  to(name: string, options: AnyBranch<Tx>): Message<Tx> {
    const { what, calls } = this.#head
    const where = `${what}, branch ${name}`
    checkName(name, what)
    const { retry, ...rest } = options
    const insisting = retry === undefined ? rest : { ...rest, insist: retry }
    const { timeoutMs, insist } = callPlanOf(insisting, calls, where)
    const known = new Set(this.#branches.keys())
    const after = orderOf(options.after, lastOf(this.#order), known, where)
    const does = { action: doerOf(options.do) }
    const branches = withBranches(this.#branches, [[name, { does, timeoutMs }]], what)
    return new Message(this.#head, [...this.#order, { name, after, retry: insist }], branches)
  }

  build(): MessageDefinition<Tx, StandardSchema, unknown> {
    const { name, schema, what, check } = this.#head
    if (this.#order.length === 0) throw new HufuError('ARGUMENT', `${what}: it has no branch`)
    const shape = this.#order.map(({ name, after }) => [name, after.toSorted()])
    return {
      ...{ kind: 'msg', name, schema, logic: messageKind, results: grouped },
      plan: { branches: this.#order, ...check },
      branches: this.#branches,
      hash: definitionHash('msg', shape),
    }
  }
}

function checkPlan({ after = '6s', every = '30s', max = 15 }: CheckOptions, what: string) {
  if (!Number.isInteger(max) || max < 1) {
    throw new HufuError('ARGUMENT', `${what}: check.max must be a whole number from 1, is ${max}`)
  }
  return {
    checkAfterMs: durationMs(after, `${what}, check.after`),
    checkEveryMs: durationMs(every, `${what}, check.every`),
    askMax: max,
  }
}
