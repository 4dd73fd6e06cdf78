import type { Pattern } from '../options.ts'
import type { Reading } from '../services/gauge.ts'
import type { CrashPoint } from './crash-points.ts'

/** What the supervisor gives a worker to start with, as JSON in its first argument. */
export interface WorkerOptions {
  readonly dir: string
  readonly pattern: Pattern
  readonly seed: number
  /** Lines taken in per second. */
  readonly rate: number
  readonly unreachable: readonly string[]
}

/** From the worker, twenty times a second once it is ready. Nothing the verdict rests on. */
export interface Progress extends Reading {
  /** It has read all there is and waits for more input. */
  readonly hungry: boolean
  /** All input is taken in and everything that follows from it is done or parked. */
  readonly drained: boolean
  /** Since this worker's start: deliveries that had taken effect before, and failed ones. */
  readonly repeated: number
  readonly retried: number
}

/** To the worker. */
export type Command = { readonly rate: number } | { readonly dieAt: CrashPoint } | 'stop'
