/** Why an operation was not done. */
export interface Refusal {
  /** As `AdministrationReason`; `failed`: the server could not do it. */
  readonly reason: string
  readonly message: string
}

/**
 * A line of an answer: the first names the job, for whoever wants to stop it; the last is a result
 * or an error.
 */
export type AnswerLine =
  | { readonly job: string }
  | { readonly progress: object }
  | { readonly result: object }
  | { readonly error: Refusal }

/** An operation was not done. */
export class RefusedError extends Error {
  readonly reason: string

  constructor({ reason, message }: Refusal) {
    super(message)
    this.reason = reason
  }
}
