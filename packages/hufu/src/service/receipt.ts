/** What a group answered. */
export type Receipt<Result> =
  | {
      readonly outcome: 'done'
      readonly group: string
      readonly result: Result
      /** A person settled it without its effect; `result` is then undefined. */
      readonly skipped: boolean
    }
  | {
      readonly outcome: 'failed'
      readonly group: string
      /** As in `fail(code)`; `DISCARDED` when a person gave up on it. */
      readonly code: string
      readonly message: string
      readonly data: unknown
    }
