/** Causes kept per row. */
const MAX_CAUSES = 10

/** Characters (code points) kept of a cause. */
const MAX_CAUSE_CHARACTERS = 500

/** Why one delivery failed. */
export interface Cause {
  /** Milliseconds since 1970, by the broker's clock. */
  at: number
  cause: string
}

/** A history with one more failure in it, cut to the limits. Leaves the one given as it is. */
export function withCause(history: readonly Cause[], at: number, cause: string): Cause[] {
  return [...history.slice(1 - MAX_CAUSES), { at, cause: cutCause(cause) }]
}

/** The first `MAX_CAUSE_CHARACTERS` code points of a text, half surrogates replaced by U+FFFD. */
export function cutCause(text: string): string {
  const kept: string[] = []
  for (const character of text) {
    if (kept.length === MAX_CAUSE_CHARACTERS) break
    kept.push(character)
  }
  // Joined from its characters, for a slice would keep the whole text in memory.
  return kept.join('').toWellFormed()
}
