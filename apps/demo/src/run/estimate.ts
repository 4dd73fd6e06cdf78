/** What a kill takes as a rule, with the restart behind it, ms (measured on two cores). */
const KILL_MS = 700

/** A warning when there are more kills than orders for them to hit; undefined: all is well. */
export function killsWarning(kills: number, lines: number): string | undefined {
  if (kills <= lines || kills <= 10) return undefined
  const what = `${kills} kills for ${lines} lines of input: most will find nothing left to do`
  return `${what}. This takes about ${timeText((kills * KILL_MS) / 1_000)}.`
}

function timeText(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`
  const minutes = Math.ceil(seconds / 60)
  return minutes < 90 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`
}
