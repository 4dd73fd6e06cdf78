import { HufuError } from '../errors.ts'
import { hashOf } from '../json.ts'
import type { Op } from '../ports/participant.ts'
import type { TransactionKind } from '../ports/transactions.ts'
import type { StandardSchema } from '../schema.ts'
import type { BaseState, Kind } from './kind.ts'
import type { Doer } from './participant.ts'

/** What a builder makes: a plan as pure data, and who does the work. */
export interface TransactionDefinition<
  Tx,
  Schema extends StandardSchema,
  Results,
  Plan,
  State extends BaseState,
> {
  readonly kind: TransactionKind
  readonly name: string
  /**
   * Of kind, names, order and what can be undone: a transaction goes on only with the definition
   * that it began with. Times and attempts are not in it and may change.
   */
  readonly hash: string
  readonly schema: Schema
  readonly plan: Plan
  readonly logic: Kind<Plan, State>
  /** By name. */
  readonly branches: ReadonlyMap<string, BranchDefinition<Tx>>
  /** The transaction's result: what its branches returned, typed. */
  results(flat: Readonly<Record<string, unknown>>): Results
}

export interface BranchDefinition<Tx> {
  readonly does: Readonly<Partial<Record<Op, Doer<Tx>>>>
  /** Longest call, ms. */
  readonly timeoutMs: number
}

/** Branches of one definition, those of nested sagas included. */
const BRANCHES_MAX = 100

/** Of a branch, with the names of the nested sagas around it: the barrier's column. */
const BRANCH_CHARS_MAX = 128

const NAME = /^[A-Za-z0-9][\w.-]{0,63}$/

/** A name: 1 to 64 letters, digits, `_`, `.`, `-`, the first a letter or digit. */
export function checkName(name: string, what: string): void {
  if (NAME.test(name)) return
  const rule = 'a name has 1 to 64 letters, digits, _ . -, and begins with a letter or digit'
  throw new HufuError('ARGUMENT', `${what}: ${rule}; '${name}' is none`)
}

/** Adds branches to those before. */
export function withBranches<Tx>(
  before: ReadonlyMap<string, BranchDefinition<Tx>>,
  more: Iterable<readonly [string, BranchDefinition<Tx>]>,
  what: string,
): ReadonlyMap<string, BranchDefinition<Tx>> {
  const all = new Map(before)
  for (const [name, branch] of more) {
    if (all.has(name)) throw new HufuError('ARGUMENT', `${what}: there are two named ${name}`)
    if (name.length > BRANCH_CHARS_MAX) {
      throw new HufuError('LIMIT', `${what}: ${name} is longer than ${BRANCH_CHARS_MAX} characters`)
    }
    all.set(name, branch)
  }
  if (all.size > BRANCHES_MAX) {
    throw new HufuError('LIMIT', `${what}: ${all.size} branches, the limit is ${BRANCHES_MAX}`)
  }
  return all
}

/** Those of `names` upon which no other one stands. */
export function lastOf(ordered: readonly { name: string; after: readonly string[] }[]): string[] {
  const followed = new Set(ordered.flatMap(({ after }) => after))
  return ordered.map(({ name }) => name).filter((name) => !followed.has(name))
}

/** What a branch comes after: what it says, else `otherwise`. */
export function orderOf(
  given: readonly string[] | undefined,
  otherwise: readonly string[],
  known: ReadonlySet<string>,
  what: string,
): readonly string[] {
  for (const name of given ?? []) {
    if (!known.has(name)) throw new HufuError('ARGUMENT', `${what}: nothing before it is ${name}`)
  }
  return given ?? otherwise
}

export function definitionHash(kind: TransactionKind, parts: readonly unknown[]): string {
  return hashOf(Buffer.from(JSON.stringify([kind, ...parts])))
}
