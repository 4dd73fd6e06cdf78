import type { Duration } from './duration.ts'
import { durationMs } from './duration.ts'

/**
 * A business failure: the handler's effects are rolled back and the producer is told. Not retried.
 */
export class Failure extends Error {
  readonly code: string
  readonly data: unknown
  constructor(code: string, message: string, data: unknown) {
    super(message)
    this.name = 'Failure'
    this.code = code
    this.data = data
  }
}

/** Still working: the message comes again after `ms`, which does not count as an attempt. */
export class Later extends Error {
  readonly ms: number
  constructor(ms: number) {
    super(`later, in ${ms} ms`)
    this.name = 'Later'
    this.ms = ms
  }
}

/**
 * `throw fail('NO_STOCK')`: this cannot be done, and repeating it will not help. `data` must be
 * JSON.
 */
export function fail(code: string, message: string = code, data?: unknown): Failure {
  return new Failure(code, message, data)
}

/** `throw later('5s')`: not yet; ask again then. */
export function later(after: Duration): Later {
  return new Later(durationMs(after, 'later()'))
}
