import type { ParkedKind } from '../ports/store.ts'

/** A person should look at this: something gave up and waits for a decision. */
export interface Alert {
  /** `transaction`: a global transaction, see `hufu.transactions`; else see `hufu.parked`. */
  readonly kind: ParkedKind | 'transaction'
  /** Of a transaction: the name of its definition. */
  readonly event: string
  /** Of a transaction: the branch, when it is one. */
  readonly group: string
  readonly id: string
  readonly key: string | null
  readonly cause: string
  readonly detail: string
  /** For `hufu.parked`; 0 of a transaction. */
  readonly ref: number
}
