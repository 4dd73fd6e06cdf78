import type { Clock } from './clock.ts'
import type { Disk } from './disk.ts'
import type { Net } from './net.ts'
import type { Random } from './random.ts'

/** Everything that Hufu asks of the machine; a simulated one makes whole runs repeatable. */
export interface Os {
  readonly disk: Disk
  readonly clock: Clock
  readonly net: Net
  readonly random: Random
  /** Ends the process with `error` as its uncaught error; the last resort after a failed sync. */
  crash(error: Error): void
}
