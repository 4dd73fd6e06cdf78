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
  /** It comes from there, and its last attempt ended without an answer. */
  readonly spent?: boolean
  /** Stores that an attempt is being made; false: it is not to be made, somebody else has it. */
  readonly begin?: () => Promise<boolean>
  /** It comes from the transport, and may have been delivered before. */
  readonly redelivered?: boolean
}

/** What became of a message; `done` means that everything about it is stored. */
export type Verdict =
  | { readonly outcome: 'done'; readonly how: How; readonly receipt?: ReceiptRow }
  | { readonly outcome: 'retry'; readonly delayMs: number; readonly cause: string }
  | { readonly outcome: 'later'; readonly delayMs: number }
  /** The service stops: nothing is said of the message, somebody gets it again. */
  | { readonly outcome: 'stopped' }

/** `aside`: it waits among the parked work; `retried`: as well, after an attempt that failed. */
export type How = 'handled' | 'repeated' | 'failed' | 'parked' | 'aside' | 'retried'

/** Why a message waits among the parked work, and how long. */
export interface Postponement {
  /** Failed attempts so far. */
  readonly attempts: number
  readonly cause: string
  readonly detail: string
  readonly delayMs: number
}

/** Does what is to be done with a message, effects and records included. */
export interface Work {
  handle(message: Message, run: Run): Promise<Verdict>
  /** Stores the message among the parked work, once, to be run from there. */
  postpone(message: Message, postponement: Postponement): Promise<void>
}
