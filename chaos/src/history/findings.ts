/** What was promised and not kept; each with a line that says which message and what. */
export interface Findings {
  /** Confirmed, not settled, and nowhere to be found. */
  lost: string[]
  /** Delivered and never published so, or refused, or altered. */
  invented: string[]
  /** Delivered once more without the flag. */
  duplicatesUnflagged: string[]
  /** Delivered although its settle was confirmed, or after it was dead-lettered. */
  resurrected: string[]
  /** Delivered before its time. */
  early: string[]
  /** A key's message after a later one of that key. */
  outOfOrder: string[]
  /** Never confirmed, and in some of its queues only. */
  partial: string[]
}

export function noFindings(): Findings {
  return {
    lost: [],
    invented: [],
    duplicatesUnflagged: [],
    resurrected: [],
    early: [],
    outOfOrder: [],
    partial: [],
  }
}
