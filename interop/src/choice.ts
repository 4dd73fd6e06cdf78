import type { Program } from './run/program.ts'

export interface Skipped {
  /** `pika/*`: all of a client. */
  readonly program: string
  readonly why: string
}

/** What is played, and what cannot be here. */
export interface Choice {
  readonly programs: readonly Program[]
  readonly skipped: readonly Skipped[]
}
