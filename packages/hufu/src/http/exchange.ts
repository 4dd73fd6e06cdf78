import type { Answer } from './answer.ts'

/** A call as it goes out: a POST. */
export interface Outgoing {
  readonly url: URL
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Undefined: none. */
  readonly body: string | undefined
  readonly signal: AbortSignal
  /** Bytes of the answer's body that are read. */
  readonly bytesMax: number
}

/** Sends a call and reads its answer. Redirections are answers: nobody has looked where they lead. */
export type Exchange = (call: Outgoing) => Promise<Answer>
