import type { ParkedKind } from '../ports/store.ts'

/** A person should look at this: something gave up and waits for a decision. */
export interface Alert {
  readonly kind: ParkedKind
  readonly event: string
  readonly group: string
  readonly id: string
  readonly key: string | null
  readonly cause: string
  readonly detail: string
  /** For `hufu.parked`. */
  readonly ref: number
}
