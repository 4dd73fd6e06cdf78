import type { DefinitionName } from './step.ts'

/** A state as it lies in the database, said anew here. */
export interface StoredState {
  readonly deadlineAt?: number | null
  readonly branches: Readonly<Record<string, Readonly<Record<string, StoredOperation>>>>
  readonly cause?: StoredCause
  readonly reason?: StoredCause
}

export interface StoredOperation {
  readonly state: string
  readonly calls: number
}

interface StoredCause {
  readonly code: string
  readonly detail: string
}

/** What each branch stands upon, by definition. */
export const AFTER: Readonly<Record<DefinitionName, Readonly<Record<string, readonly string[]>>>> =
  {
    transfer: { note: [], out: ['note'], in: ['out'], mail: ['in'] },
    trip: { quote: [], one: ['quote'], other: ['quote'], pool: ['one', 'other'] },
    swap: { out: [], in: [] },
    pay: { in: [], mail: ['in'] },
  }

/** `later` stands, through whatever, upon `branch`. */
export function isAfter(definition: DefinitionName, later: string, branch: string): boolean {
  const before = AFTER[definition][later] ?? []
  return before.includes(branch) || before.some((name) => isAfter(definition, name, branch))
}

/** What has taken effect when all is done. `quote` has none; `mail` is told by the remote. */
export const COMMITTED: Readonly<Record<DefinitionName, readonly string[]>> = {
  transfer: ['note/action', 'out/action', 'in/action'],
  trip: ['one/action', 'other/action', 'pool/action'],
  swap: ['out/try', 'in/try', 'out/confirm', 'in/confirm'],
  pay: ['local/action', 'in/action'],
}

/** What is undone by what. */
export const UNDOING: readonly (readonly [op: string, undoing: string])[] = [
  ['action', 'compensate'],
  ['try', 'cancel'],
]
