import type { Answer } from './answer.ts'
import type { Target } from './target.ts'

/** A call as it goes out: a POST. */
export interface Outgoing {
  readonly target: Target
  /** With the query. */
  readonly path: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Undefined: none. */
  readonly body: string | undefined
  readonly signal: AbortSignal
  /** Bytes of the answer's body that are read. */
  readonly bytesMax: number
}

/** Sends a call and reads its answer. A redirection is one: nobody has looked where it leads. */
export type Exchange = (call: Outgoing) => Promise<Answer>
