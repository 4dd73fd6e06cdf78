import type { Op } from '../ports/participant.ts'
import { isDone } from './branch.ts'
import type { Draft } from './draft.ts'

/** A branch among others. */
export interface Ordered {
  readonly name: string
  /** Branches, earlier in the list, that must be done before it is called. */
  readonly after: readonly string[]
}

/** What it comes after is done. */
export function isReady(draft: Draft, { after }: Ordered, op: Op): boolean {
  return after.every((name) => isDone(draft.get(name, op)))
}

/** Calls what is ready and was not called yet. */
export function callReady(draft: Draft, branches: readonly Ordered[], op: Op): void {
  for (const branch of branches) {
    const { name } = branch
    if (draft.get(name, op) === undefined && isReady(draft, branch, op)) draft.call(name, op)
  }
}

export function allDone(draft: Draft, branches: readonly Ordered[], op: Op): boolean {
  return branches.every(({ name }) => isDone(draft.get(name, op)))
}
