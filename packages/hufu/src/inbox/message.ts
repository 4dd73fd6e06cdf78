import type { ReceiptRow } from '../ports/store.ts'
import type { Run } from './run.ts'

/** A message at work: from the transport, or parked and run again. */
export interface Message {
  readonly event: string
  readonly group: string
  readonly id: string
  readonly key?: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  /** Failed attempts before this one. */
  readonly attempts: number
  /** Why the last one failed, where that is known. */
  readonly cause?: string
  /** Its row among the parked work, when it comes from there. */
  readonly ref?: number
}

/** What became of a message; `done` means that everything about it is stored. */
export type Verdict =
  | { readonly outcome: 'done'; readonly how: How; readonly receipt?: ReceiptRow }
  | { readonly outcome: 'retry'; readonly delayMs: number; readonly cause: string }
  | { readonly outcome: 'later'; readonly delayMs: number }
  /** The service stops: nothing is said of the message, somebody gets it again. */
  | { readonly outcome: 'stopped' }

export type How = 'handled' | 'repeated' | 'failed' | 'parked'

/** Does what is to be done with a message, effects and records included. */
export interface Work {
  handle(message: Message, run: Run): Promise<Verdict>
}
