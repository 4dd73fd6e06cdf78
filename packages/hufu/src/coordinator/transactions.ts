import type { Explanation } from '../kinds/kind.ts'
import type {
  TransactionFilter,
  TransactionKind,
  TransactionStatus,
} from '../ports/transactions.ts'
import type { Decision } from '../service/decision.ts'

/** What became of a global transaction, or how it stands. */
export interface TransactionInfo {
  readonly id: string
  readonly kind: TransactionKind
  /** Of its definition. */
  readonly name: string
  readonly key: string | null
  readonly status: TransactionStatus
  readonly input: unknown
  /** Why it did not commit, or why it is parked. */
  readonly cause?: { readonly code: string; readonly detail: string; readonly branch?: string }
  /** ms since 1970, by the database's clock, as all times here. */
  readonly createdAt: number
  readonly updatedAt: number
  readonly finishedAt: number | null
  /** When something is done about it next; null: not by itself. */
  readonly dueAt: number | null
}

/** What happened, what is next and when. */
export interface ExplainedTransaction extends TransactionInfo {
  /** Undefined where this process has no such definition. */
  readonly explanation: Explanation | undefined
  /** The coordinator that has it in hand; 0: nobody. */
  readonly owner: number
}

/**
 * The global transactions of the store, for a person. Each verb takes the transaction over from
 * whoever has it and is written to the audit trail.
 */
export interface Transactions {
  /** Oldest first; `limit` default 100, at most 1,000. */
  list(filter?: Partial<TransactionFilter>): Promise<TransactionInfo[]>
  get(id: string): Promise<TransactionInfo | undefined>
  explain(id: string): Promise<ExplainedTransaction | undefined>
  /** Not final, and of a definition that this process does not have. */
  unknown(options?: { limit?: number }): Promise<TransactionInfo[]>
  counts(): Promise<{ running: number; parked: number; inDoubt: number }>
  /** Tries again now what waits or is parked, with all attempts anew. */
  retry(id: string, decision: Decision): Promise<void>
  /** No further call is made: it ends as `stopped`, whatever was done. */
  stop(id: string, decision: Decision): Promise<void>
  /** Goes for this end from here on. */
  resolve(id: string, to: 'commit' | 'rollback', decision: Decision): Promise<void>
  /** The open operation of this branch counts as done; the end is then `mixed`. */
  skip(id: string, branch: string, decision: Decision): Promise<void>
}
