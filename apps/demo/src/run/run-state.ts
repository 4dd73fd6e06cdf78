import type { Reading } from '../services/gauge.ts'
import type { CrashPoint } from './crash-points.ts'
import type { ProcessName } from './process-names.ts'

/** A process that was killed. */
export interface Hit {
  readonly process: ProcessName
  /** Since the start of the run, ms. */
  readonly atMs: number
  readonly during: 'start' | 'work' | 'drain' | 'idle' | CrashPoint
  readonly taken: number
  readonly open: number
  /** From the kill until it was ready again, ms; undefined: it was killed before. */
  backMs?: number
}

/** What is known of the run; for the eye, the verdict does not rest on it. */
export interface RunState {
  progress: Reading | undefined
  readonly names: readonly ProcessName[]
  readonly hits: Hit[]
  /** Processes that are starting just now. */
  starting: readonly ProcessName[]
  /** Deliveries that had taken effect before, and failed ones, over all lives; at least so many. */
  repeated: number
  retried: number
}
