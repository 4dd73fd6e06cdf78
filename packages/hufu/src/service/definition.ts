import type { StandardSchema } from '../schema.ts'
import type { Receipt } from './receipt.ts'

/** An event as the machinery sees it, untyped. */
export interface Definition<Tx> {
  readonly name: string
  readonly schema: StandardSchema
  readonly groups: readonly string[]
  readonly receipts: boolean
  readonly receiptSchemas: Readonly<Record<string, StandardSchema | undefined>>
  readonly receiptTimeoutMs: number
  readonly receiptHandlers: Map<string, AnyReceiptHandler<Tx>>
  /** Groups whose answers were stored here while there was no handler for them. */
  readonly unhandled: Set<string>
}

export type AnyReceiptHandler<Tx> = (
  tx: Tx,
  receipt: Receipt<unknown>,
  payload: unknown,
) => Promise<void> | void
