import type { Findings } from '../history/findings.ts'

/** What a run has found; counts, and up to `DETAILS_MAX` lines that say what. */
export interface Tally {
  mode: string
  trials: number
  lost: number
  invented: number
  /** Starts that failed although nothing stood in their way. */
  startFailures: number
  duplicatesUnflagged: number
  /** Other promises that were not kept. */
  resurrected: number
  early: number
  outOfOrder: number
  partial: number
  /** Processes that ended without the broker saying why, or hung. */
  unclearEnds: number
  /** Reports of a start that say what is not so. */
  misreported: number
  /** Disks that were full, or queues that were not drained, for ever. */
  stuck: number
  /** What happened, for the record; no verdict. */
  seen: Record<string, number>
}

export function newTally(mode: string): Tally {
  const verdicts = { lost: 0, invented: 0, startFailures: 0, duplicatesUnflagged: 0 }
  const others = {
    resurrected: 0,
    early: 0,
    outOfOrder: 0,
    partial: 0,
    unclearEnds: 0,
    misreported: 0,
    stuck: 0,
  }
  return { mode, trials: 0, ...verdicts, ...others, seen: {} }
}

const DETAILS_MAX = 10

export function addFindings(tally: Tally, findings: Findings): void {
  for (const kind of Object.keys(findings) as (keyof Findings)[]) {
    tally[kind] += findings[kind].length
    for (const text of findings[kind].slice(0, DETAILS_MAX)) complain(`${kind}: ${text}`)
  }
}

export function see(tally: Tally, what: string, count = 1): void {
  tally.seen[what] = (tally.seen[what] ?? 0) + count
}

/** Promises that were not kept; 0 is a clean run. */
export function failuresOf(tally: Tally): number {
  const { lost, invented, startFailures, duplicatesUnflagged } = tally
  const { resurrected, early, outOfOrder, partial, unclearEnds, misreported, stuck } = tally
  const others = resurrected + early + outOfOrder + partial + unclearEnds + misreported + stuck
  return lost + invented + startFailures + duplicatesUnflagged + others
}

export function complain(text: string): void {
  process.stderr.write(`${text}\n`)
}
