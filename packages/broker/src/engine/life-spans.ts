/** Messages up to this id live as long as the queue said when they came, ms; null: without end. */
export interface LifeSpan {
  readonly upTo: number
  readonly expiresMs: number | null
}

/** Beyond these the oldest two become one. */
const SPANS_MAX = 16

/**
 * The spans after the queue's time to live has changed: what has come keeps the one it came under.
 * @param upTo the last id given
 */
export function changedSpans(
  spans: readonly LifeSpan[],
  upTo: number,
  expiresMs: number | null,
): LifeSpan[] {
  const all = [...spans]
  if (upTo > (spans.at(-1)?.upTo ?? 0)) all.push({ upTo, expiresMs })
  // Nothing expires earlier than it should: of the two the longer life holds.
  while (all.length > SPANS_MAX)
    all.splice(0, 2, { ...all[1]!, expiresMs: longer(all[0]!, all[1]!) })
  return all
}

function longer({ expiresMs: one }: LifeSpan, { expiresMs: other }: LifeSpan): number | null {
  return one === null || other === null ? null : Math.max(one, other)
}

/** The queue's time to live for a message that has come before it changed last, or `now`. */
export function expiresMsOf(
  spans: readonly LifeSpan[],
  id: number,
  now: number | null,
): number | null {
  for (const { upTo, expiresMs } of spans) if (id <= upTo) return expiresMs
  return now
}
