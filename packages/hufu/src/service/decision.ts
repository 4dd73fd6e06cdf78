import { HufuError } from '../errors.ts'
import type { Limits } from '../limits.ts'

/** Who decides and why; both are kept in the audit trail. */
export interface Decision {
  readonly reason: string
  readonly by: string
}

export function checkDecision({ reason, by }: Decision, limits: Limits, what: string): void {
  const max = limits.causeCharsMax
  for (const [name, text] of Object.entries({ reason, by })) {
    if (typeof text !== 'string' || text.trim() === '') {
      throw new HufuError('ARGUMENT', `${what}: ${name} must be said`)
    }
    if (text.length > max) {
      throw new HufuError('LIMIT', `${what}: ${name} is over ${max} characters`)
    }
  }
}

/** Rows of one page: 100 unless told. */
export function pageOf(limit: number | undefined, max: number, what: string): number {
  if (limit === undefined) return Math.min(100, max)
  if (Number.isInteger(limit) && limit >= 1 && limit <= max) return limit
  throw new HufuError(
    'LIMIT',
    `${what}: limit must be a whole number from 1 to ${max}, is ${limit}`,
  )
}
