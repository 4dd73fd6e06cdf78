/** One life of the simulated program: from a start to the next crash or kill. */
export interface SimulatedProcess {
  /** 1 for the first life, then counting up; the process id in messages. */
  readonly number: number
  /** Virtual time at its start, ms; its monotonic clock is 0 there. */
  readonly startedAt: number
  alive: boolean
}
